# on: unix
"""What the front display takes from the heap at whatever comes again: nothing."""

from tools.bench.workers import display as worker

taken = {name: worker.heap_of(worker.Kind(*row).act, 20) for name, row in worker.KINDS.items()}
taken["live picture"] = worker.mirror()[2]
print(taken)
assert set(taken.values()) == {(0, 0)}

# It is measured at all: a face without memory for what it has drawn draws it again, on the heap.
worker.Face = lambda display: worker_face(display, kept_bytes=0)
worker_face = __import__("bodycam.face", None, None, ("Face",)).Face
name = "stage"
assert worker.heap_of(worker.Kind(*worker.KINDS[name]).act, 20)[1] > 0
print("ok")

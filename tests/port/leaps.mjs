// What Python does when it leaps out of C functions, on MicroPython's WebAssembly port:
//   node leaps.mjs [build]     with "build" by the build's own means, else by tools/sim/wasm_leap.mjs
// Prints what Python saw, and then whether the interpreter's calls go through WebAssembly.

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

if (process.argv[2] === "build") WebAssembly.validate = () => false; // an engine without exceptions
await import("../../tools/sim/wasm_port.mjs");

const instantiate = WebAssembly.instantiate;
let calls = null;
WebAssembly.instantiate = (source, imports) => {
  const result = instantiate(source, imports);
  calls = Object.entries(imports.env).filter(([name]) => /^invoke_|_throw_longjmp$/.test(name));
  return result;
};

const python = await loadMicroPython({ heapsize: 1 << 20, linebuffer: true });
python.registerJsModule("_host", {
  fail() {
    throw new Error("from JavaScript");
  },
});
python.runPython(`
import _host

def deep(n):
    try:
        if n:
            return deep(n - 1)
        raise ValueError("deepest")
    finally:
        order.append(n)

def tell(what):
    try:
        what()
    except BaseException as error:
        print(type(error).__name__, error)

def numbers():
    try:
        yield 1
        yield 2
    finally:
        order.append("closed")

def through_c():
    sorted([3, 1, 2], key=lambda n: 1 // (n - 1))

def half():
    for n in numbers():
        raise KeyError(n)

def endless():
    endless()

order = []
for i in range(3000):  # no leap may leave anything on the stack
    try:
        deep(3)
    except ValueError:
        pass
print(len(order), order[:5])
tell(lambda: deep(20))
tell(through_c)
tell(half)
tell(endless)
print(sum(n for n in numbers()), order[-1])
`);
for (const text of ["deep(2)", "deep(_host.fail())", "print(len(order))"])
  try {
    python.runPython(text);
  } catch (error) {
    console.log(error.type, error.message.split("\n").at(-1) || error.message.split("\n").at(-2));
  }
const own = calls.every(([, fn]) => /\[native code\]/.test(String(fn)));
console.log(own ? "WebAssembly" : "JavaScript", calls.length);

"""What a build that freezes the firmware takes in: the same files that are copied otherwise."""

module("boot.py")
module("main.py")
package("bodycam")
package("drivers", base_path="..")

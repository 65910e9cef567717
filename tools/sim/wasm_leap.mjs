// How the interpreter's build leaps out of C functions (setjmp, longjmp), without JavaScript.
//
// The build has every call from a function that may be leapt into made by JavaScript, `invoke_ii`
// and its like, and every leap thrown by it: the interpreter does so at almost every operation of
// Python. A small module that is put together here does the same with WebAssembly's own
// exceptions, three times as fast.
//
// Source: WebAssembly core specification 2.0, chapter 5 (binary format), and the proposal
// "exception handling" as browsers have it since 2022 (try, catch, catch_all, rethrow).

const I32 = 0x7f;
const [EMPTY, FUNCTION] = [0x40, 0x60];
const [END, TRY, CATCH, THROW, RETHROW, CATCH_ALL] = [0x0b, 0x06, 0x07, 0x08, 0x09, 0x19];
const [GET, SET, CONST, CALL_INDIRECT] = [0x20, 0x21, 0x41, 0x11];
const THROW_LEAP = "_emscripten_throw_longjmp";
// Exports of the interpreter that are needed, and their types: a table of their own.
const HELPERS = [["emscripten_stack_get_current", "i"], ["_emscripten_stack_restore", "vi"], ["setThrew", "vii"]]; // prettier-ignore
const [SAVE, RESTORE, SET_THREW] = [0, 1, 2];

function number(n) {
  const out = [];
  for (; n > 63; n >>= 7) out.push((n & 0x7f) | 0x80); // also right as a signed number
  return [...out, n];
}

const list = (items) => [...number(items.length), ...items.flat()];
const section = (id, items) => [id, ...list(list(items))];
const text = (name) => list([...new TextEncoder().encode(name)]);

/** Return a function's type, as in "viii": its result, then its arguments. */
const type = ([result, ...args]) => [FUNCTION, ...list(args.map(() => I32)), ...list(result === "v" ? [] : [I32])];

/** Return the bytes of the module that has `names`, each an invoke_… */
function assemble(names) {
  const called = names.map((name) => name.slice("invoke_".length));
  const types = [...HELPERS.map(([, shape]) => shape), ...called, "v"];
  const own = called.map((shape) => `${shape[0]}i${shape.slice(1)}`);
  const help = (i) => [CONST, i, CALL_INDIRECT, i, 1];
  const bodies = called.map((shape, k) => {
    const [sp, result] = [shape.length, shape[0] === "v" ? EMPTY : I32];
    const args = [...shape.slice(1)].flatMap((_, i) => [GET, i + 1]);
    const restore = [GET, sp, ...help(RESTORE)];
    const code = [...help(SAVE), SET, sp, TRY, result];
    code.push(...args, GET, 0, CALL_INDIRECT, ...number(HELPERS.length + k), 0);
    code.push(CATCH, 0, ...restore, CONST, 1, CONST, 0, ...help(SET_THREW));
    if (result === I32) code.push(CONST, 0);
    code.push(CATCH_ALL, ...restore, RETHROW, 0, END, END);
    return list([...list([[1, I32]]), ...code]);
  });
  bodies.push(list([0, THROW, 0, END]));
  const first = types.length;
  const exported = [...names, THROW_LEAP].map((name, i) => [...text(name), 0, ...number(i)]);
  return Uint8Array.from(
    [
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [...types, ...own].map(type)),
      section(2, ["table", "helpers"].map((name) => [...text("env"), ...text(name), 1, 0x70, 0, 0])),
      section(3, [...own.map((_, i) => number(first + i)), number(first - 1)]),
      section(13, [[0, ...number(first - 1)]]),
      section(7, exported),
      section(10, bodies),
    ].flat(),
  );
}

/**
 * Give the interpreter's imports their leaps; return what is to be called with its exports.
 * An engine without exceptions keeps those of the build.
 */
export function leaps(imports) {
  const names = Object.keys(imports.env).filter((name) => name.startsWith("invoke_"));
  const code = assemble(names);
  if (!WebAssembly.validate(code)) return () => {};
  const env = {};
  for (const name of ["table", "helpers"])
    env[name] = new WebAssembly.Table({ element: "anyfunc", initial: 0 });
  Object.assign(imports.env, new WebAssembly.Instance(new WebAssembly.Module(code), { env }).exports);
  const fill = (to, from) => {
    to.grow(from.length);
    from.forEach((value, i) => to.set(i, value));
  };
  return (exports) => {
    const called = exports.__indirect_function_table; // it never changes
    fill(env.table, Array.from({ length: called.length }, (_, i) => called.get(i)));
    fill(env.helpers, HELPERS.map(([name]) => exports[name]));
  };
}

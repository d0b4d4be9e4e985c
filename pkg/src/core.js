// The module in this thread: loaded once, renewed after a trap.
//
// A trap (a fault of ours, an exhausted stack or memory) leaves an instance in an unknown state. It is dropped
// with all its memory and a fresh one is made from the compiled module; the glue gives each instance a number
// and refuses handles of another one, so that a dead handle is an error and never a wrong pointer.

import { HedgerowError } from "./errors.js";

export class Core {
  #load;
  #begin;
  #loading;
  #glue;
  #source;
  /** Which instance this is. */
  generation = 0;

  /**
   * @param {(source: unknown) => Promise<object>} load imports the glue and starts it
   * @param {(glue: object) => void} begin what each instance is told first
   */
  constructor(load, begin = () => {}) {
    this.#load = load;
    this.#begin = begin;
  }

  /** The glue, once the module is there. */
  ready(source) {
    if (this.#glue) return this.#glue;
    this.#source ??= source;
    this.#loading ??= this.#load(this.#source).then(
      (glue) => {
        this.#begin(glue);
        return (this.#glue = glue);
      },
      (error) => {
        // Let the next call try again: the network may be back.
        this.#loading = undefined;
        throw new HedgerowError("internal", `the module could not be loaded: ${error?.message ?? error}`);
      },
    );
    return this.#loading;
  }

  get isReady() {
    return this.#glue !== undefined;
  }

  /** The glue of a module that is there. */
  get glue() {
    if (!this.#glue) throw new HedgerowError("internal", "the module is not loaded");
    return this.#glue;
  }

  /**
   * Octets in the module's memory. Copy or use them before anything else runs there: it may move them, and
   * growing its memory detaches the view.
   */
  view(at, length) {
    return new Uint8Array(this.glue.moduleMemory().buffer, at, length);
  }

  /** Calls into the module; what comes out as an error is one of ours. */
  call(work) {
    try {
      return work(this.#glue);
    } catch (error) {
      throw this.refusal(error);
    }
  }

  /** What to throw for what a call threw; renews the instance if it trapped. */
  refusal(error) {
    if (error instanceof HedgerowError) return error;
    if (typeof error?.code === "string" && !(error instanceof WebAssembly.RuntimeError)) {
      // No detail: the words of the code are enough.
      return new HedgerowError(error.code, error.message || undefined);
    }
    if (isTrap(error)) {
      this.#renew();
      return new HedgerowError("instance_lost", "the crypto module broke and was started again");
    }
    if (isStale(error)) {
      return new HedgerowError("instance_lost", "the crypto module broke and was started again");
    }
    return error;
  }

  #renew() {
    this.generation += 1;
    try {
      this.#glue.__wbg_reset_state();
      this.#begin(this.#glue);
    } catch {
      // Not even that: the next call loads everything anew.
      this.#glue = undefined;
      this.#loading = undefined;
    }
  }
}

const isTrap = (error) =>
  error instanceof WebAssembly.RuntimeError ||
  error instanceof RangeError || // stack or memory exhausted
  error?.name === "InternalError"; // the same in Firefox

/** The words are those of wasm-bindgen's checks. */
const isStale = (error) => error instanceof Error && /stale object|null pointer passed to rust/i.test(error.message);

/** A handle into one instance. */
export class Handle {
  #core;
  #generation;
  #inner;

  constructor(core, inner) {
    this.#core = core;
    this.#generation = core.generation;
    this.#inner = inner;
  }

  get isLost() {
    return this.#generation !== this.#core.generation;
  }

  get isFreed() {
    return this.#inner === undefined;
  }

  /** What lies behind it. */
  get inner() {
    if (this.#inner === undefined) {
      throw new HedgerowError("handle_freed", "this handle was freed");
    }
    if (this.isLost) {
      throw new HedgerowError("instance_lost", "this handle is of an instance that broke");
    }
    return this.#inner;
  }

  free() {
    const inner = this.#inner;
    this.#inner = undefined;
    // With the instance its memory is gone already.
    if (inner !== undefined && !this.isLost) inner.free();
  }
}

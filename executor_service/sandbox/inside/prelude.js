// What a script finds besides the language itself. Called once, before the script, with its job
// and the function that sends to the host; returns the function that the host's answers are given
// to. Everything used after the script has begun is taken hold of here: a script that changes
// built-ins changes them for itself. Nothing here is a boundary; the process is.
(job, send) => {
  "use strict";
  const { parse, stringify } = JSON;
  const { defineProperty, freeze, getOwnPropertyDescriptor } = Object;
  const { apply, ownKeys } = Reflect;
  const { then } = Promise.prototype;
  const { slice, toLowerCase, toUpperCase, indexOf } = String.prototype;
  const AsyncFunction = (async () => {}).constructor;
  const asText = String;
  const limits = parse(job.limits);

  // -- The data, frozen to the ground.
  const freezeDeeply = (value) => {
    if (value === null || typeof value !== "object") return value;
    for (const name of ownKeys(value)) freezeDeeply(value[name]);
    return freeze(value);
  };
  const context = parse(job.context);
  for (const name of ownKeys(context)) {
    defineProperty(globalThis, name, { value: freezeDeeply(context[name]), enumerable: true });
  }
  const provide = (name, value) => {
    defineProperty(globalThis, name, { value, writable: true, configurable: true });
  };

  // -- The console.
  const asLine = (value) => {
    try {
      if (typeof value === "string") return value;
      if (value instanceof Error) return asText(value);
      return stringify(value) ?? asText(value);
    } catch {
      return "[cannot be shown]";
    }
  };
  const log = (level) => (...values) => {
    let line = "";
    for (let i = 0; i < values.length && line.length <= limits.lineLength; i++) {
      line += (i ? " " : "") + apply(slice, asLine(values[i]), [0, limits.lineLength + 1]);
    }
    send("console", stringify({ level, text: apply(slice, line, [0, limits.lineLength]) }));
  };
  const console = {};
  for (const level of ["debug", "info", "warn", "error"]) console[level] = log(level);
  console.log = console.info;
  provide("console", console);

  // -- fetch.
  const calls = new Map();
  const networkErrors = new WeakSet();
  let numberOfCalls = 0;
  const { get, set, delete: remove } = Map.prototype;
  const { add, has } = WeakSet.prototype;

  class Headers {
    #values = new Map();
    constructor(given = []) {
      const pairs = given?.[Symbol.iterator] ? given : Object.entries(given ?? {});
      for (const [name, value] of pairs) this.append(name, value);
    }
    append(name, value) {
      const key = `${name}`.toLowerCase();
      const before = this.#values.get(key);
      this.#values.set(key, before === undefined ? `${value}` : `${before}, ${value}`);
    }
    set(name, value) {
      this.#values.set(`${name}`.toLowerCase(), `${value}`);
    }
    delete(name) {
      this.#values.delete(`${name}`.toLowerCase());
    }
    get(name) {
      return this.#values.get(`${name}`.toLowerCase()) ?? null;
    }
    has(name) {
      return this.#values.has(`${name}`.toLowerCase());
    }
    forEach(callback) {
      for (const [name, value] of this) callback(value, name, this);
    }
    entries() {
      return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))[Symbol.iterator]();
    }
    keys() {
      return [...this].map(([name]) => name)[Symbol.iterator]();
    }
    values() {
      return [...this].map(([, value]) => value)[Symbol.iterator]();
    }
    [Symbol.iterator]() {
      return this.entries();
    }
  }

  class Response {
    #body;
    constructor(answer) {
      this.#body = answer.body;
      this.status = answer.status;
      this.statusText = answer.status_text;
      this.ok = answer.status >= 200 && answer.status < 300;
      this.url = answer.url;
      this.redirected = false;
      this.headers = new Headers(answer.headers);
      this.bodyUsed = false;
    }
    async text() {
      if (this.bodyUsed) throw new TypeError("the body has been read already");
      this.bodyUsed = true;
      return this.#body;
    }
    async json() {
      return parse(await this.text());
    }
  }

  const fetch = async (resource, options = {}) => {
    const { method = "GET", headers, body = null } = options ?? {};
    if (body !== null && typeof body !== "string") {
      throw new TypeError("the body of a request must be a string; JSON.stringify makes one");
    }
    const id = ++numberOfCalls;
    const request = stringify({
      id,
      url: `${resource}`,
      method: apply(toUpperCase, `${method}`, []),
      headers: [...new Headers(headers)],
      body,
    });
    return new Promise((resolve, reject) => {
      apply(set, calls, [id, { resolve, reject }]);
      send("fetch", request);
    });
  };
  provide("Headers", Headers);
  provide("fetch", fetch);

  // -- The end.
  let ended = false;
  const end = (kind, payload) => {
    if (ended) return;
    ended = true;
    send(kind, payload);
  };
  // Where in the script: the engine calls it <input>, and puts a heading of so many lines first.
  const place = (stack) => {
    const text = asText(stack ?? "");
    const start = apply(indexOf, text, ["<input>:"]);
    if (start < 0) return [0, 0];
    const match = /^<input>:(\d+):(\d+)/.exec(apply(slice, text, [start, start + 64]));
    return match ? [match[1] - limits.headingLines, +match[2]] : [0, 0];
  };
  const fail = (error, phase) => {
    let name = "", message = "", line = 0, column = 0, network = false;
    try {
      if (error instanceof Error) {
        name = asText(error.name);
        message = asText(error.message);
        [line, column] = place(error.stack);
        network = apply(has, networkErrors, [error]);
      } else {
        message = asLine(error);
      }
    } catch {
      message = "an error that cannot be shown";
    }
    message = apply(slice, message, [0, limits.lineLength]);
    name = apply(slice, name, [0, 100]);
    end("failed", stringify({ phase, name, message, line, column, network }));
  };
  const finish = (value) => {
    let text;
    try {
      text = stringify(value === undefined ? null : value);
    } catch (error) {
      return fail(error, "result");
    }
    if (text === undefined) {
      return fail(new TypeError(`a ${typeof value} cannot be returned`), "result");
    }
    end("returned", text);
  };

  let script;
  try {
    script = new AsyncFunction(`"use strict";\n${job.code}\n`);
  } catch (error) {
    fail(error, "syntax");
  }
  if (script) apply(then, script(), [finish, (error) => fail(error, "run")]);

  // What the host answers a call of fetch with.
  return (text) => {
    const answer = parse(text);
    const call = apply(get, calls, [answer.id]);
    if (!call) return;
    apply(remove, calls, [answer.id]);
    if (answer.error === undefined) {
      call.resolve(new Response(answer));
    } else {
      const error = new TypeError(answer.error);
      if (answer.network) apply(add, networkErrors, [error]);
      call.reject(error);
    }
  };
}

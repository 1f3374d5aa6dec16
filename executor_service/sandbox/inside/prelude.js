// What a script finds besides the language itself. Called once, before the script, with its job
// and the function that sends to the host, which takes texts; returns the function that the host's
// answers are given to. What matters at the end is taken hold of at the beginning, but a script may
// change built-ins as it likes: it harms itself alone. Nothing here is a boundary; the process is.
// Lines are joined to one before this is run: comments have lines of their own.
(job, send) => {
  "use strict";
  const { parse, stringify } = JSON;
  const { defineProperty, entries, freeze } = Object;
  const { apply, ownKeys } = Reflect;
  const { then } = Promise.prototype;
  const { slice, toUpperCase } = String.prototype;
  const AsyncFunction = (async () => {}).constructor;
  const asText = String;
  // To the host go texts, each as JSON, with commas between them: engines cut texts at NULs, do not
  // take halves of characters, and one of them takes no text that `+` has made.
  const { join } = Array.prototype;
  const say = (kind, ...texts) => {
    for (let i = 0; i < texts.length; i++) texts[i] = stringify(`${texts[i]}`);
    send(kind, apply(join, texts, [","]));
  };
  const shorten = (text, length) => apply(slice, text, [0, length]);

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
    for (let i = 0; i < values.length && line.length < job.line_length; i++) {
      line += (i ? " " : "") + shorten(asLine(values[i]), job.line_length);
    }
    say("console", level, line);
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
      const pairs = given?.[Symbol.iterator] ? given : entries(given ?? {});
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
    const url = `${resource}`, verb = apply(toUpperCase, `${method}`, []);
    let fields = "";
    for (const [name, value] of new Headers(headers)) fields += `${name}\0${value}\0`;
    return new Promise((resolve, reject) => {
      const id = `${numberOfCalls + 1}`;
      apply(set, calls, [id, { resolve, reject }]);
      say("fetch", id, url, verb, fields, body === null ? "" : "body", body ?? "");
      numberOfCalls++;
    });
  };
  provide("Headers", Headers);
  provide("fetch", fetch);

  // -- The end.
  const fail = (error, phase) => {
    let name = "", message = "", stack = "", network = "";
    try {
      if (error instanceof Error) {
        name = shorten(asText(error.name), 100);
        message = shorten(asText(error.message), job.line_length);
        stack = shorten(asText(error.stack ?? ""), 10000);
        network = apply(has, networkErrors, [error]) ? "network" : "";
      } else {
        message = shorten(asLine(error), job.line_length);
      }
    } catch {
      message = "an error that cannot be shown";
    }
    say("failed", phase, name, message, stack, network);
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
    say("returned", text);
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
    const id = `${answer.id}`;
    const call = apply(get, calls, [id]);
    if (!call) return;
    apply(remove, calls, [id]);
    if (answer.error === undefined) {
      call.resolve(new Response(answer));
    } else {
      const error = new TypeError(answer.error);
      if (answer.network) apply(add, networkErrors, [error]);
      call.reject(error);
    }
  };
}

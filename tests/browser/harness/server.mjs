// The real server as a process of its own, behind a proxy that writes down every byte.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const DOMAIN = "hedgerow.test";

function fromEnvironment(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests with \`cargo xtask test\``);
  return value;
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** One recorded exchange; bodies are Buffers as they travelled (still compressed). */
class Recorder {
  exchanges = [];

  /** All exchanges whose path begins with the given one. */
  under(path) {
    return this.exchanges.filter((exchange) => exchange.url.startsWith(path));
  }
}

async function startProxy(recorder, upstreamPort) {
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    const exchange = {
      method: request.method,
      url: request.url,
      requestHeaders: request.rawHeaders,
      requestChunks: [],
      status: 0,
      responseHeaders: [],
      responseChunks: [],
      encoding: "",
      type: "",
      get requestBody() {
        return Buffer.concat(this.requestChunks);
      },
      get responseBody() {
        return Buffer.concat(this.responseChunks);
      },
    };
    recorder.exchanges.push(exchange);
    const onward = http.request(
      {
        host: "127.0.0.1",
        port: upstreamPort(),
        method: request.method,
        path: request.url,
        headers: request.headers,
        agent: false,
      },
      (answer) => {
        exchange.status = answer.statusCode;
        exchange.responseHeaders = answer.rawHeaders;
        exchange.encoding = answer.headers["content-encoding"] ?? "";
        exchange.type = answer.headers["content-type"] ?? "";
        response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
        response.flushHeaders();
        answer.on("data", (chunk) => exchange.responseChunks.push(chunk));
        answer.on("error", () => response.destroy());
        answer.pipe(response);
      },
    );
    // A server that is down looks to the browser as it would without a proxy: no answer.
    onward.on("error", () => response.destroy());
    request.on("data", (chunk) => exchange.requestChunks.push(chunk));
    request.on("error", () => onward.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export class Server {
  recorder = new Recorder();
  #environment;
  #process = null;
  #port = 0;
  #proxy = null;
  #temporary = null;
  #errors = "";

  /**
   * Starts a server with an empty data folder. `settings`: `{ "limits.message_bytes": "1" }`;
   * `record: false` leaves the proxy out, for measurements.
   */
  static async start(settings = {}, { record = true } = {}) {
    const server = new Server();
    server.#temporary = await mkdtemp(join(tmpdir(), "hedgerow-browser-"));
    await mkdir(server.dataFolder);
    server.#port = await freePort();
    if (record) server.#proxy = await startProxy(server.recorder, () => server.#port);
    const keys = {
      "http.listen": `127.0.0.1:${server.#port}`,
      "http.public_url": server.url,
      "http.web_dir": fromEnvironment("HEDGEROW_WEB_DIR"),
      "data.dir": server.dataFolder,
      "accounts.registration": "open",
      "accounts.domain": DOMAIN,
      "log.file": server.logFile,
      ...settings,
    };
    server.#environment = Object.fromEntries(
      Object.entries(keys).map(([key, value]) => [`HEDGEROW_${key.toUpperCase().replace(".", "__")}`, value]),
    );
    await server.launch();
    return server;
  }

  get url() {
    return `http://localhost:${this.#proxy?.port ?? this.#port}`;
  }

  get dataFolder() {
    return join(this.#temporary, "data");
  }

  get logFile() {
    return join(this.#temporary, "server.log");
  }

  get outputFile() {
    return join(this.#temporary, "output.log");
  }

  async launch() {
    const output = createWriteStream(this.outputFile, { flags: "a" });
    const child = spawn(fromEnvironment("HEDGEROW_SERVER"), ["serve"], {
      env: { ...process.env, ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.pipe(output, { end: false });
      pipe.on("data", (chunk) => {
        this.#errors = (this.#errors + chunk).slice(-4000);
      });
    }
    this.#process = child;
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.#errors}`);
      const healthy = await fetch(`http://127.0.0.1:${this.#port}/api/v1/health`)
        .then((answer) => answer.ok)
        .catch(() => false);
      if (healthy) return;
      await sleep(50);
    }
    throw new Error(`the server did not answer: ${this.#errors}`);
  }

  /** Runs another subcommand with the same configuration, and returns what it prints. */
  command(...words) {
    return execFileSync(fromEnvironment("HEDGEROW_SERVER"), words, {
      env: { ...process.env, ...this.#environment },
      encoding: "utf8",
    });
  }

  /** SIGKILL: nothing is flushed, no handler runs. */
  async kill() {
    await this.#end("SIGKILL");
  }

  async terminate() {
    await this.#end("SIGTERM");
  }

  async #end(signal) {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await Promise.race([gone, sleep(15_000).then(() => child.kill("SIGKILL"))]);
  }

  async stop() {
    await this.#end("SIGTERM");
    await this.#proxy?.close();
    if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
  }
}

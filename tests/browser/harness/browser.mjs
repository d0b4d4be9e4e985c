// Chromium, and people who each have a profile of their own. Everything that must never
// happen on a page is collected while it is open, and fails the test at the end.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screens = process.env.HEDGEROW_SCREENS;

export async function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.HEDGEROW_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
}

/** Steps of one journey: once one has failed, the rest would only wait for what can't come. */
export function inOrder(t) {
  let broken = false;
  return (name, step) =>
    t.test(name, { skip: broken && "an earlier step failed" }, async () => {
      try {
        await step();
      } catch (error) {
        broken = true;
        throw error;
      }
    });
}

/** Runs before any script of the page, in every frame. */
function watchPage() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(
      `CSP violation: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`,
    );
  });
}

/** A person at a browser of their own: an empty profile on one server. */
export class Person {
  faults = [];
  /** Set while the test makes the network fail on purpose. */
  networkMayFail = false;

  static async arrive(browser, server, options = {}) {
    const person = new Person();
    person.server = server;
    person.context = await browser.newContext({
      baseURL: server.url,
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      reducedMotion: "reduce",
      ...options,
    });
    person.context.setDefaultTimeout(30_000);
    await person.context.addInitScript(watchPage);
    person.context.on("page", (page) => person.#watch(page));
    person.page = await person.context.newPage();
    return person;
  }

  #watch(page) {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const text = message.text();
      if (this.networkMayFail && /Failed to load resource|net::ERR_/.test(text)) return;
      this.faults.push(`console error on ${new URL(page.url()).pathname}: ${text} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.faults.push(`uncaught on ${page.url()}: ${error.message}`));
    page.on("crash", () => this.faults.push("the page crashed"));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["blob:", "data:"].includes(url.protocol) && url.origin !== this.server.url) {
        this.faults.push(`request to another host: ${request.url()}`);
      }
    });
  }

  /** Takes a picture for human eyes and lets axe judge the page: serious and critical fail. */
  async look(name) {
    if (screens) {
      await mkdir(screens, { recursive: true });
      await this.page.screenshot({ path: join(screens, `${name}.png`) });
    }
    // Evaluated through the debugger, which the page's CSP doesn't (and mustn't) allow itself.
    const found = await this.page.evaluate(async (source) => {
      if (!window.axe) (0, eval)(source);
      const result = await window.axe.run(document, { resultTypes: ["violations"] });
      return result.violations
        .filter((violation) => ["serious", "critical"].includes(violation.impact))
        .map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
    }, axeSource).catch((error) => [`axe did not run: ${error.message}`]);
    for (const violation of found) this.faults.push(`axe on ${name}: ${violation}`);
  }

  /** Ends the visit; throws if anything happened that mustn't. */
  async leave() {
    await this.context.close();
    if (this.faults.length > 0) {
      throw new Error(`${this.faults.length} faults on pages:\n${[...new Set(this.faults)].join("\n")}`);
    }
  }
}

// The first script of the page: it sets the Trusted Types policy, the look, and starts the app.
// Everything that could turn text into code or markup passes through the policy below.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';
const worker = new URL(meta('hedgerow-worker'), location.origin).href;

// Elements and attributes that act. The app's own static markup holds none of them; mail and names are
// set as text and never come this way.
const acts = /<\s*\/?\s*(script|iframe|object|embed|base|form\s[^>]*action|meta|link|style|foreignobject|animate|set)\b|\son[a-z]+\s*=|javascript\s*:|\ssrcdoc\s*=|\sstyle\s*=/i;

globalThis.trustedTypes?.createPolicy('default', {
  createHTML(text) {
    if (acts.test(text)) throw new TypeError('markup that acts is not let in');
    return text;
  },
  createScriptURL(text) {
    if (new URL(text, location.href).href !== worker) throw new TypeError('no script but the crypto worker');
    return text;
  },
});

// What this device remembers; storage may be refused.
const remembered = (key) => {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
};

const root = document.documentElement;
const theme = remembered('hedgerow.theme');
if (theme) root.dataset.theme = theme;
const density = remembered('hedgerow.density');
if (density) root.dataset.density = density;

// The words are asked for beside the program, not after it.
const files = new Map(meta('hedgerow-i18n').split(' ').map((pair) => pair.split('=')));
const language =
  [remembered('hedgerow.language'), ...navigator.languages]
    .map((tag) => tag.split('-')[0].toLowerCase())
    .find((tag) => files.has(tag)) ?? 'en';
root.lang = language;
const words = fetch(files.get(language)).then((reply) => (reply.ok ? reply.json() : null)).catch(() => null);
globalThis.hedgerow = { language, words };

const program = fetch(meta('hedgerow-app-wasm'), { integrity: meta('hedgerow-app-wasm-integrity') });
import(meta('hedgerow-app'))
  .then((app) => app.default({ module_or_path: program }))
  .catch((error) => {
    console.error(error);
    const boot = document.getElementById('boot');
    if (boot) boot.textContent = boot.dataset.failed;
  });

// Activates the built extension without VS Code: the real server is started, and its diagnostics arrive.
// COLOR_CHECKER names the command, COLOR_CHECKER_ARGS (JSON) what comes before `lsp`.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, test } = require("node:test");
const { state, vscode } = require("./vscode-stub.js");

const load = Module._load;
Module._load = function (name, ...rest) {
  return name === "vscode" ? vscode : load.call(this, name, ...rest);
};
const extension = require("../dist/extension.js");
const manifest = require("../package.json");

const TEXT = `from temporalio import workflow
import random

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        x = "😀"; y = random.random()
`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "color-checker-vscode-"));
const file = path.join(folder, "flow.py");
fs.writeFileSync(file, TEXT);
fs.writeFileSync(path.join(folder, "pyproject.toml"), "[tool.color-checker]\n");
state.folder = vscode.Uri.file(folder);

const context = { subscriptions: [] };
const command = process.env.COLOR_CHECKER ?? "color-checker";
const args = [...JSON.parse(process.env.COLOR_CHECKER_ARGS ?? "[]"), "lsp"];

function document(text, version) {
  return {
    uri: vscode.Uri.file(file), fileName: file, languageId: "python", version, isClosed: false,
    getText: () => text,
  };
}

async function diagnostics(wanted) {
  for (;;) {
    const found = state.diagnostics.get(vscode.Uri.file(file).toString()) ?? [];
    if (found.length === wanted) {
      return found;
    }
    await new Promise((resolve) => {
      const listener = state.published.event(() => {
        listener.dispose();
        resolve();
      });
    });
  }
}

after(() => {
  context.subscriptions.forEach((one) => one.dispose());
  fs.rmSync(folder, { recursive: true });
});

test("a command that is not there is told, and does not break the window", { timeout: 30_000 }, async () => {
  state.settings = { "color-checker.path": path.join(folder, "no-such-command") };
  await extension.activate(context);
  assert.equal(extension.isRunning(), false);
  assert.equal(state.errors.length, 1);
  assert.match(state.errors[0], /no-such-command lsp" cannot be started. Install it with: pip install "color-checker\[lsp\]"/);
});

test("a command that ends at once is told in one message", { timeout: 30_000 }, async () => {
  state.errors.length = 0;
  state.settings = { "color-checker.path": process.execPath, "color-checker.args": ["-e", "process.exit(2)"] };
  await state.commands.get("color-checker.restart")();
  assert.equal(extension.isRunning(), false);
  assert.equal(state.errors.length, 1);
  assert.match(state.errors[0], /-e process.exit\(2\)" cannot be started/);
});

test("the command in the environment of the folder comes before that on the path", { timeout: 30_000 }, async () => {
  const [place, name] = process.platform === "win32" ? ["Scripts", "color-checker.exe"] : ["bin", "color-checker"];
  const environment = path.join(folder, ".venv");
  fs.mkdirSync(path.join(environment, place), { recursive: true });
  fs.writeFileSync(path.join(environment, place, name), "");  // cannot be run: it is the message that names it
  try {
    for (const trusted of [true, false]) {
      state.trusted = trusted;
      state.settings = { "color-checker.args": ["no-such-command"] };
      await state.commands.get("color-checker.restart")();
      assert.equal(state.errors.at(-1).startsWith(`"${path.join(environment, place, name)} `), trusted);
    }
  } finally {
    state.trusted = true;
    fs.rmSync(environment, { recursive: true });
  }
});

test("switched off, nothing is started", { timeout: 30_000 }, async () => {
  state.settings = { "color-checker.enable": false, "color-checker.path": command };
  await state.commands.get("color-checker.restart")();
  assert.equal(extension.isRunning(), false);
});

test("a changed setting starts the server, and findings are shown", { timeout: 60_000 }, async () => {
  state.documents = [document(TEXT, 1)];
  state.settings = { "color-checker.path": command, "color-checker.args": args };
  state.configured.fire({ affectsConfiguration: (name) => name === "color-checker.path" });
  const [shown] = await diagnostics(1);
  assert.equal(shown.source, "color-checker");
  assert.equal(shown.range.start.line, 7);
  assert.equal(shown.range.start.character, '        x = "😀"; y = '.length);
  assert.equal(extension.isRunning(), true);
});

test("what the server offers is registered", { timeout: 60_000 }, () => {
  for (const name of [
    "registerHoverProvider", "registerCodeActionsProvider", "registerCodeLensProvider",
    "registerInlayHintsProvider", "registerDocumentSemanticTokensProvider", "registerCallHierarchyProvider",
  ]) {
    assert.ok(state.providers.includes(name), name);
  }
});

test("typing away the cause takes the finding away", { timeout: 60_000 }, async () => {
  const call = "random.random()";
  const line = TEXT.split("\n")[7];
  const start = line.indexOf(call);
  const range = new vscode.Range(7, start, 7, start + call.length);
  const changed = document(TEXT.replace(call, "4"), 2);
  state.documents = [changed];
  state.changed.fire({ document: changed, contentChanges: [{ range, text: "4" }], reason: undefined });
  await diagnostics(0);
});

test("in the end the server is gone", { timeout: 60_000 }, async () => {
  await extension.deactivate();
  assert.equal(extension.isRunning(), false);
});

test("the manifest names the types of tokens that the server has, with a color for each", () => {
  const source = fs.readFileSync(path.join(__dirname, "../../../color_checker/lsp/decorations.py"), "utf8");
  const types = JSON.parse(/^TOKEN_TYPES = (\[.*\])$/m.exec(source)[1]);
  assert.deepEqual(manifest.contributes.semanticTokenTypes.map((type) => type.id), types);
  const { rules } = manifest.contributes.configurationDefaults["editor.semanticTokenColorCustomizations"];
  assert.deepEqual(Object.keys(rules), types.map((type) => `${type}:python`));
  assert.deepEqual(Object.keys(manifest.contributes.semanticTokenScopes[0].scopes), types);
});

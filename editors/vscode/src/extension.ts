/** Starts `color-checker lsp` for the Python files of a window, and again when its settings change. */

import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import {
  LanguageClient,
  State,
  type Executable,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

const NAME = "color-checker";
/** Settings that the running server cannot take over. */
const RESTARTING = ["enable", "path", "args"];

let client: LanguageClient | undefined;
let output: vscode.LogOutputChannel | undefined;
/** One start or stop after the other. */
let queue: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel(NAME, { log: true });
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand(`${NAME}.restart`, restart),
    vscode.commands.registerCommand(`${NAME}.showOutput`, () => output?.show()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (RESTARTING.some((setting) => event.affectsConfiguration(`${NAME}.${setting}`))) {
        void restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await enqueue(stop);
}

/** What runs, for tests and for those who look what is wrong. */
export function isRunning(): boolean {
  return client?.state === State.Running;
}

function restart(): Promise<void> {
  return enqueue(async () => {
    await stop();
    await start();
  });
}

function enqueue(work: () => Promise<void>): Promise<void> {
  queue = queue.then(work, work);
  return queue;
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  // A server that did not start cannot be stopped.
  await running?.stop().catch(() => undefined);
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration(NAME);
  if (!settings.get<boolean>("enable", true)) {
    return;
  }
  const server: Executable = {
    command: expand(settings.get<string>("path", NAME)),
    args: settings.get<string[]>("args", ["lsp"]).map(expand),
  };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "file", pattern: "**/pyproject.toml" },
    ],
    ...(output === undefined ? {} : { outputChannel: output }),
    diagnosticCollectionName: NAME,
  };
  client = new LanguageClient(NAME, NAME, server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    await complain(server.command, error);
  }
}

async function complain(command: string, error: unknown): Promise<void> {
  output?.error(`${command} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
  const settings = "Open settings";
  const message =
    `"${command} lsp" cannot be started. Install it with: pip install "color-checker[lsp]", ` +
    `or say in ${NAME}.path where it is.`;
  // Nobody waits for the answer: activation is over before somebody reads this.
  void vscode.window.showErrorMessage(message, settings).then((choice) => {
    if (choice === settings) {
      void vscode.commands.executeCommand("workbench.action.openSettings", `${NAME}.path`);
    }
  });
}

/** A setting with `~` and `${workspaceFolder}` put in; of several folders, the first one counts. */
function expand(text: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const home = text === "~" || /^~[/\\]/.test(text) ? path.join(os.homedir(), text.slice(1)) : text;
  return home.replaceAll("${workspaceFolder}", folder);
}

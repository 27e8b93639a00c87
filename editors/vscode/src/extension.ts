/** Starts `color-checker lsp` for the Python files of a window, and again when its settings change. */

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type Executable,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

const NAME = "color-checker";
/** Settings that the running server cannot take over. */
const RESTARTING = ["enable", "path", "args"];

/** Where projects mostly have their environment. */
const ENVIRONMENTS = [".venv", "venv"];

/**
 * A client that leaves it to us to tell that its server does not start. Of itself it tries again and tells each try
 * with several messages; of so many at once VS Code shows none.
 */
class Client extends LanguageClient {
  private hasStarted = false;
  private starting: Promise<void> | undefined;

  constructor(server: Executable, options: LanguageClientOptions) {
    const usual = () => this.createDefaultErrorHandler();
    let handler: ReturnType<typeof usual> | undefined;
    super(NAME, NAME, server, {
      ...options,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (...what) =>
          this.hasStarted ? (handler ??= usual()).error(...what) : { action: ErrorAction.Continue, handled: true },
        closed: async () => {
          await this.starting; // it would not know of its failure if this were earlier
          return this.hasStarted
            ? (handler ??= usual()).closed()
            : { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    });
  }

  override async start(): Promise<void> {
    const started = super.start();
    this.starting = started.catch(() => undefined);
    await started;
    this.hasStarted = true;
  }

  override async stop(timeout?: number): Promise<void> {
    // A server that did not start cannot be stopped.
    await super.stop(timeout).catch((error: unknown) => {
      if (this.hasStarted) {
        throw error;
      }
    });
  }

  override error(message: string, data?: unknown, showNotification?: boolean | "force"): void {
    super.error(message, data, this.hasStarted ? showNotification : false);
  }
}

let client: Client | undefined;
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
    command: command(settings.get<string>("path", NAME)),
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
  client = new Client(server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    complain(server, error);
  }
}

function complain(server: Executable, error: unknown): void {
  const line = [server.command, ...(server.args ?? [])].join(" ");
  output?.error(`${line} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
  const [settings, log] = ["Open settings", "Show the output"];
  const message =
    `"${line}" cannot be started. Install it with: pip install "color-checker[lsp]", ` +
    `or say in ${NAME}.path where it is.`;
  // Nobody waits for the answer: activation is over before somebody reads this.
  void vscode.window.showErrorMessage(message, settings, log).then((choice) => {
    if (choice === settings) {
      // The path belongs to a machine: of one that is remote, the settings are elsewhere.
      const kind = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
      void vscode.commands.executeCommand(`workbench.action.${kind}`, { query: `${NAME}.path` });
    } else if (choice === log) {
      output?.show();
    }
  });
}

/** What to start: where nothing else is set, the command of the project's own environment, else that on the `PATH`. */
function command(setting: string): string {
  if (setting !== NAME || !vscode.workspace.isTrusted) {
    return expand(setting);
  }
  const inside = process.platform === "win32" ? ["Scripts", `${NAME}.exe`] : ["bin", NAME];
  const candidates = (vscode.workspace.workspaceFolders ?? []).flatMap((folder) =>
    ENVIRONMENTS.map((environment) => path.join(folder.uri.fsPath, environment, ...inside)),
  );
  return candidates.find((candidate) => fs.existsSync(candidate)) ?? NAME;
}

/** A setting with `~` and `${workspaceFolder}` put in; of several folders, the first one counts. */
function expand(text: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const home = text === "~" || /^~[/\\]/.test(text) ? path.join(os.homedir(), text.slice(1)) : text;
  return home.replaceAll("${workspaceFolder}", folder);
}

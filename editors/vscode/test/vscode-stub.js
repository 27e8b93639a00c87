// The part of VS Code's API that the extension and its language client touch, without an editor behind it:
// values as they are, events that the test fires, and registrations that are only remembered.
"use strict";

const path = require("node:path");
const { pathToFileURL, fileURLToPath } = require("node:url");

class Disposable {
  constructor(dispose = () => undefined) {
    this.dispose = dispose;
  }
  static from(...all) {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
}

class EventEmitter {
  #listeners = new Set();
  event = (listener, self) => {
    const bound = self === undefined ? listener : listener.bind(self);
    this.#listeners.add(bound);
    return new Disposable(() => this.#listeners.delete(bound));
  };
  fire(event) {
    for (const listener of [...this.#listeners]) {
      listener(event);
    }
  }
  dispose() {
    this.#listeners.clear();
  }
}

class CancellationTokenSource {
  #emitter = new EventEmitter();
  token = { isCancellationRequested: false, onCancellationRequested: this.#emitter.event };
  cancel() {
    this.token.isCancellationRequested = true;
    this.#emitter.fire();
  }
  dispose() {}
}

class Uri {
  constructor(text) {
    this.text = text;
    this.scheme = text.slice(0, text.indexOf(":"));
    this.authority = "";
    this.fsPath = this.scheme === "file" ? fileURLToPath(text) : text;
    this.path = this.fsPath;
  }
  static parse(text) {
    return new Uri(text);
  }
  static file(name) {
    return new Uri(pathToFileURL(path.resolve(name)).href);
  }
  toString() {
    return this.text;
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(start, end, line, character) {
    this.start = typeof start === "number" ? new Position(start, end) : start;
    this.end = typeof start === "number" ? new Position(line, character) : end;
  }
}

class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}

/** A class that only has what it is given: most of the protocol's types have one in VS Code. */
const record = () =>
  class {
    constructor(...values) {
      Object.assign(this, { values });
    }
  };

const state = {
  settings: {},
  folder: undefined,
  trusted: true,
  documents: [],
  diagnostics: new Map(),
  published: new EventEmitter(),
  commands: new Map(),
  providers: [],
  errors: [],
  log: [],
  opened: new EventEmitter(),
  changed: new EventEmitter(),
  configured: new EventEmitter(),
};

function channel() {
  const write = (text) => state.log.push(String(text));
  return {
    name: "color-checker", logLevel: 2, onDidChangeLogLevel: new EventEmitter().event, append: write,
    appendLine: write, trace: write, debug: write, info: write, warn: write, error: write, replace: write,
    clear() {}, show() {}, hide() {}, dispose() {},
  };
}

function collection() {
  return {
    set(uri, found) {
      const pairs = Array.isArray(uri) ? uri : [[uri, found]];
      for (const [one, diagnostics] of pairs) {
        state.diagnostics.set(one.toString(), diagnostics ?? []);
      }
      state.published.fire();
    },
    delete: (uri) => state.diagnostics.delete(uri.toString()),
    clear: () => state.diagnostics.clear(),
    dispose() {},
  };
}

const never = () => new Disposable();

const languages = {
  createDiagnosticCollection: collection,
  match: (selector, document) =>
    [selector].flat().some((one) => one === document.languageId || one.language === document.languageId) ? 10 : 0,
};
const workspace = {
  get textDocuments() {
    return state.documents;
  },
  get workspaceFolders() {
    return state.folder === undefined ? undefined : [{ uri: state.folder, name: "project", index: 0 }];
  },
  get isTrusted() {
    return state.trusted;
  },
  notebookDocuments: [],
  getWorkspaceFolder: () => undefined,
  getConfiguration: (section) => ({
    get: (name, otherwise) => state.settings[`${section}.${name}`] ?? otherwise,
    has: (name) => `${section}.${name}` in state.settings,
    inspect: () => undefined,
  }),
  createFileSystemWatcher: () => ({
    onDidCreate: never, onDidChange: never, onDidDelete: never, dispose() {},
  }),
  onDidOpenTextDocument: state.opened.event,
  onDidChangeTextDocument: state.changed.event,
  onDidChangeConfiguration: state.configured.event,
};
const window = {
  createOutputChannel: channel,
  visibleTextEditors: [],
  tabGroups: { all: [], onDidChangeTabs: never, onDidChangeTabGroups: never },
  showErrorMessage: async (message) => void state.errors.push(message),
  showWarningMessage: async () => undefined,
  showInformationMessage: async () => undefined,
  withProgress: (_options, task) =>
    task({ report() {} }, new CancellationTokenSource().token),
};
const commands = {
  registerCommand(name, run) {
    state.commands.set(name, run);
    return new Disposable(() => state.commands.delete(name));
  },
  executeCommand: async (name, ...values) => state.commands.get(name)?.(...values),
};

/** What is not named above: events never fire, and registrations are remembered by their name. */
function open(known) {
  return new Proxy(known, {
    get(target, name) {
      if (name in target || typeof name === "symbol") {
        return target[name];
      }
      if (name.startsWith("register")) {
        return () => {
          state.providers.push(name);
          return new Disposable();
        };
      }
      return name.startsWith("on") ? never : undefined;
    },
  });
}

const enumeration = (...names) => Object.fromEntries(names.flatMap((name, at) => [[name, at], [at, name]]));

const api = {
  version: "1.91.0",
  Disposable, EventEmitter, CancellationTokenSource, Uri, Position, Range, Diagnostic,
  DiagnosticSeverity: enumeration("Error", "Warning", "Information", "Hint"),
  DiagnosticTag: { Unnecessary: 1, Deprecated: 2 },
  LogLevel: enumeration("Off", "Trace", "Debug", "Info", "Warning", "Error"),
  ProgressLocation: { SourceControl: 1, Window: 10, Notification: 15 },
  env: { appName: "stub", language: "en", machineId: "", onDidChangeLogLevel: never, logLevel: 3 },
  extensions: { getExtension: () => undefined, all: [] },
  languages: open(languages), workspace: open(workspace), window: open(window), commands: open(commands),
};

// What the client extends or makes: only there, with the values that it is given.
for (const name of [
  "CallHierarchyIncomingCall", "CallHierarchyItem", "CallHierarchyOutgoingCall", "CancellationError", "CodeAction",
  "CodeLens", "Color", "ColorInformation", "ColorPresentation", "CompletionItem", "CompletionList",
  "DiagnosticRelatedInformation", "DocumentHighlight", "DocumentLink", "DocumentSymbol", "FoldingRange", "Hover",
  "InlayHint", "InlayHintLabelPart", "InlineCompletionItem", "InlineCompletionList", "InlineValueText", "Location",
  "InlineValueEvaluatableExpression", "InlineValueVariableLookup", "LinkedEditingRanges", "MarkdownString",
  "ParameterInformation", "RelativePattern", "SelectionRange", "SemanticTokens", "SemanticTokensEdit",
  "SemanticTokensEdits", "SemanticTokensLegend", "SignatureHelp", "SignatureInformation", "SnippetString",
  "SymbolInformation", "TabInputCustom", "TabInputNotebook", "TabInputText", "TabInputTextDiff", "TextEdit",
  "TypeHierarchyItem", "WorkspaceEdit",
]) {
  api[name] = record();
}
for (const name of [
  "CodeActionTriggerKind", "CompletionItemKind", "CompletionItemTag", "CompletionTriggerKind", "DocumentHighlightKind",
  "FileType", "FoldingRangeKind", "InlayHintKind", "InlineCompletionTriggerKind", "NotebookCellKind",
  "SignatureHelpTriggerKind", "SymbolKind", "SymbolTag", "TextDocumentSaveReason",
]) {
  api[name] = {};
}
class CodeActionKind {
  static Empty = new CodeActionKind("");
  constructor(value) {
    this.value = value;
  }
  append(part) {
    return new CodeActionKind(this.value ? `${this.value}.${part}` : part);
  }
}
api.CodeActionKind = CodeActionKind;
for (const [name, value] of Object.entries({
  QuickFix: "quickfix", Refactor: "refactor", RefactorExtract: "refactor.extract", RefactorInline: "refactor.inline",
  RefactorRewrite: "refactor.rewrite", RefactorMove: "refactor.move", Source: "source", Notebook: "notebook",
  SourceOrganizeImports: "source.organizeImports", SourceFixAll: "source.fixAll",
})) {
  CodeActionKind[name] = new CodeActionKind(value);
}

module.exports = { state, vscode: api };

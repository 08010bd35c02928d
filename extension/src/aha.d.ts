/** What this extension uses of Aha!'s extension API. */

declare namespace Aha {
  /** JSON values that an extension keeps with an account. The last writer wins. */
  interface ExtensionFields {
    /** Null if the field was never set or was cleared. */
    getExtensionField(extensionId: string, name: string): Promise<unknown>;
    setExtensionField(extensionId: string, name: string, value: unknown): Promise<void>;
    clearExtensionField(extensionId: string, name: string): Promise<void>;
  }

  interface DisplayedRecord {
    /** "Feature", "Requirement" and so on. */
    readonly typename: string;
    /** Such as PROD-1 for a feature and PROD-1-2 for a requirement. */
    readonly referenceNum: string;
  }

  interface Context {
    /** Only server handlers get secret settings. */
    readonly settings: Readonly<Record<string, unknown>>;
  }

  interface Contribution {
    readonly record?: DisplayedRecord | null;
  }
}

declare const aha: {
  readonly account: Aha.ExtensionFields;

  /** Registers a view or a command. A view returns what React renders. */
  on(contribution: string, run: (contribution: Aha.Contribution, context: Aha.Context) => unknown): void;

  /** Registers a handler on Aha!'s servers. */
  on(on: { event: string }, handle: (args: unknown, context: Aha.Context) => Promise<void>): void;

  /** Starts the server handlers of an event. It returns nothing. */
  triggerServer(event: string, args: unknown): void;

  /** Shows the text to the user who runs a command. */
  commandOutput(text: string): void;
};

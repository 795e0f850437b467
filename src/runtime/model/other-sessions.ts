/** The sessions of a model beside its main one, opened when they are first needed and with the same weights. */
import type { Session } from "../session.ts";
import type { ProgramFiles } from "./description.ts";
import type { OpenProgram } from "./loaded-model.ts";

export interface OtherSessions {
  /** Of a program that reads the weights. */
  get(name: string, files: ProgramFiles): Promise<Session>;
  /** Of the program that writes them. */
  training(files: ProgramFiles): Promise<Session>;
  /** Closes those that have the old weights. */
  weightsChanged(): Promise<void>;
  /** Forgets what the training session has: the next one starts from the main session's weights. */
  endTraining(): Promise<void>;
  dispose(): Promise<void>;
}

export function createOtherSessions(main: Session, open: OpenProgram): OtherSessions {
  const readers = new Map<string, Promise<Session>>();
  let trainer: Promise<Session> | undefined;

  const openWith = async (files: ProgramFiles): Promise<Session> => open(files, await main.exportWeights());

  async function close(sessions: Iterable<Promise<Session>>): Promise<void> {
    for (const session of sessions) {
      // One that did not open was told to who asked for it.
      await session.then(
        (opened) => opened.dispose(),
        () => undefined,
      );
    }
  }

  async function weightsChanged(): Promise<void> {
    const old = [...readers.values()];
    readers.clear();
    await close(old);
  }

  async function endTraining(): Promise<void> {
    const session = trainer;
    trainer = undefined;
    if (session !== undefined) await close([session]);
  }

  return {
    get(name, files) {
      let session = readers.get(name);
      if (session === undefined) {
        session = openWith(files);
        readers.set(name, session);
        // So that another try may have more luck.
        session.catch(() => readers.delete(name));
      }
      return session;
    },
    training(files) {
      if (trainer === undefined) {
        const opened = openWith(files);
        trainer = opened;
        opened.catch(() => (trainer = undefined));
      }
      return trainer;
    },
    weightsChanged,
    endTraining,
    async dispose() {
      await weightsChanged();
      await endTraining();
    },
  };
}

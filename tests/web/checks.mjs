// A list of checks, and how its end is told.
export const CJK = /[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Checks {
  done = 0;
  failed = [];

  that(name, ok, detail = "") {
    this.done += 1;
    if (ok) return;
    this.failed.push(detail === "" ? name : `${name}: ${detail}`);
    console.error(`FAILED ${this.failed[this.failed.length - 1]}`);
  }

  /** Waits until `probe` is true; a probe that throws is not true yet. */
  async within(name, seconds, probe, detail = () => "") {
    const end = Date.now() + seconds * 1000;
    let ok = false;
    while (!ok && Date.now() < end) {
      ok = Boolean(await Promise.resolve().then(probe).catch(() => false));
      if (!ok) await sleep(100);
    }
    this.that(name, ok, ok ? "" : await Promise.resolve().then(detail).catch(String));
    return ok;
  }

  /** Says how it went and ends the run: a browser that a failed story left open would hold it for ever. */
  finish() {
    const ok = this.failed.length === 0;
    const said = ok ? `ok ${this.done} checks` : `${this.failed.length} of ${this.done} checks failed:\n- ${this.failed.join("\n- ")}`;
    process.stdout.write(`${said}\n`, () => process.exit(ok ? 0 : 1));
  }
}

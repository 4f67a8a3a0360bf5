// A list of checks, as in tests/web, without its browser.
export const CJK = /[\u3400-\u9fff\uf900-\ufaff]/;

export class Checks {
  done = 0;
  failed = [];

  that(name, ok, detail = "") {
    this.done += 1;
    if (ok) return;
    this.failed.push(detail === "" ? name : `${name}: ${detail}`);
    console.error(`FAILED ${this.failed[this.failed.length - 1]}`);
  }

  finish() {
    if (this.failed.length === 0) console.log(`ok ${this.done} checks`);
    else console.log(`${this.failed.length} of ${this.done} checks failed:\n- ${this.failed.join("\n- ")}`);
    process.exitCode = this.failed.length === 0 ? 0 : 1;
  }
}

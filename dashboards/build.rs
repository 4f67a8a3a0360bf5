//! Builds the web page into `$OUT_DIR/ui`, from where the program embeds it.
//!
//! - Needs node and npm. Without them the build still succeeds, with a warning and a placeholder page
//!   that says how to get the real one; `HALLWATCH_UI_REQUIRED=1` makes that an error.
//! - `HALLWATCH_UI_DIST=dir` takes a page that was built elsewhere and runs no npm.
//! - Nothing is written to the sources except `dashboards/web/node_modules`.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, io};

type Outcome<T> = Result<T, Box<dyn Error>>;

const WEB: &str = "dashboards/web";
/// What the page is made of. Listed one by one, so that neither `node_modules` nor Rust sources count.
const INPUTS: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
];
/// Written by npm as the last step of an installation.
const INSTALLED: &str = "node_modules/.package-lock.json";
const NOT_FOUND: &str = "was not found";
const VITE: &str = "node_modules/vite/bin/vite.js";

fn main() -> Outcome<()> {
    say("cargo::rerun-if-changed=dashboards/build.rs");
    say("cargo::rerun-if-env-changed=HALLWATCH_UI_DIST");
    say("cargo::rerun-if-env-changed=HALLWATCH_UI_REQUIRED");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("ui");
    if let Some(dist) = env::var_os("HALLWATCH_UI_DIST").filter(|dist| !dist.is_empty()) {
        return use_prebuilt(Path::new(&dist), &out);
    }
    let web = env::current_dir()?.join(WEB);
    for input in INPUTS {
        watch(&web.join(input))?;
    }
    let Err(problem) = build(&web, &out) else {
        return Ok(());
    };
    if env::var_os("HALLWATCH_UI_REQUIRED").is_some_and(|value| !value.is_empty() && value != "0") {
        return Err(format!("the web page was not built: {problem}").into());
    }
    warn_and_retry(problem.as_ref());
    write_placeholder(&out)
}

fn warn_and_retry(problem: &dyn Error) {
    let words = problem.to_string().replace('\n', " | ");
    say(&format!("cargo::warning=no web page, a placeholder takes its place: {words}"));
    say("cargo::warning=install Node.js 20.19 or newer with npm and touch dashboards/build.rs,");
    say("cargo::warning=or set HALLWATCH_UI_DIST to the directory of a page built elsewhere");
    if words.contains(NOT_FOUND) {
        // Node may appear with a new PATH; without one, do not rebuild the program every time.
        say("cargo::rerun-if-env-changed=PATH");
    } else {
        // npm's trouble may be over next time: a watched file that never exists means "run again".
        say("cargo::rerun-if-changed=dashboards/web/run-again");
    }
}

/// Speaks to cargo, which reads this program's standard output.
fn say(line: &str) {
    use io::Write;
    // Nobody is listening any more: then there is nobody to tell about it either.
    if writeln!(io::stdout(), "{line}").is_err() {}
}

/// Tells cargo about a file, or about a directory and all that is in it (removed files change the directory).
fn watch(path: &Path) -> Outcome<()> {
    say(&format!("cargo::rerun-if-changed={}", path.display()));
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            watch(&entry?.path())?;
        }
    }
    Ok(())
}

fn use_prebuilt(dist: &Path, out: &Path) -> Outcome<()> {
    if !dist.join("index.html").is_file() {
        return Err(
            format!("HALLWATCH_UI_DIST={}: there is no index.html in it", dist.display()).into()
        );
    }
    watch(dist)?;
    clear(out)?;
    copy(dist, out)
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Builds beside the old page and changes over at the end, so that a failure leaves nothing half done.
fn build(web: &Path, out: &Path) -> Outcome<()> {
    // Two cargo builds with different target directories share node_modules: one after the other.
    let lock = File::open(web.join("package-lock.json"))?;
    lock.lock()?;
    if !is_installed(web) {
        run(npm(), &["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"], web)?;
    }
    let next = out.with_extension("next");
    clear(&next)?;
    let target = next.to_str().ok_or("the path of OUT_DIR is not UTF-8")?;
    run("node", &[VITE, "build", "--outDir", target, "--emptyOutDir", "--logLevel", "warn"], web)?;
    clear(out)?;
    Ok(fs::rename(&next, out)?)
}

/// Whether `node_modules` is complete and not older than the lock file.
fn is_installed(web: &Path) -> bool {
    let changed =
        |file: &str| -> Option<SystemTime> { fs::metadata(web.join(file)).ok()?.modified().ok() };
    match (changed(INSTALLED), changed("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked && web.join(VITE).is_file(),
        _ => false,
    }
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn run(program: &str, arguments: &[&str], web: &Path) -> Outcome<()> {
    let shown = format!("{program} {}", arguments.first().unwrap_or(&""));
    let answer = Command::new(program).args(arguments).current_dir(web).env("CI", "1").output();
    let answer = answer.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{program} {NOT_FOUND}"),
        _ => format!("{shown}: {error}"),
    })?;
    if answer.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&answer.stderr);
    let last: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
    let start = last.len().saturating_sub(6);
    let tail = last.get(start..).unwrap_or_default().join("\n");
    Err(format!("{shown} ended with {}: {tail}", answer.status).into())
}

fn clear(directory: &Path) -> Outcome<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn write_placeholder(out: &Path) -> Outcome<()> {
    clear(out)?;
    fs::create_dir_all(out)?;
    Ok(fs::write(out.join("index.html"), PLACEHOLDER)?)
}

/// A test looks for the marker and refuses to ship a program with this page in it.
const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="zh-CN" data-placeholder="hallwatch-ui">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>hallwatch</title>
<style>body{max-width:42em;margin:12vh auto;padding:0 1.5em;font:16px/1.7 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif;color:#16212b;background:#f3f5f7}code{background:#e2e7eb;padding:.1em .4em;border-radius:4px}section{margin-bottom:2.5em}</style></head>
<body>
<section><h1>网页没有编译进来</h1>
<p>采集、存储和告警照常工作，只是这个程序在编译时没有找到 Node.js 和 npm，所以没有网页。</p>
<p>请安装 Node.js 20.19 或更新版本后重新运行 <code>cargo build</code>；或者在另一台机器上编译网页，再用 <code>HALLWATCH_UI_DIST=目录 cargo build</code> 编译。</p></section>
<section lang="en"><h1>The web page was not built in</h1>
<p>Collecting, storing and alerting work as usual; but Node.js and npm were not found when this program was built, so there is no page.</p>
<p>Install Node.js 20.19 or newer and run <code>cargo build</code> again; or build the page on another machine and use <code>HALLWATCH_UI_DIST=dir cargo build</code>.</p></section>
</body></html>
"#;

//! Passwords and tokens live in files of their own, so that the configuration can be shown to
//! anybody. The first line counts, without the space around it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::model::{Text, text};

use super::section::Section;

/// Longest secret that is read, bytes: a token is 100, a mistaken path may be a database.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// Bits of a file's mode that let others than its owner and group in, or the group write.
const TOO_OPEN: u32 = 0o027;

/// Reads the secret that `key` points at; paths are relative to the configuration's folder.
pub(super) fn read(section: &Section<'_>, key: &str, folder: &Path) -> Option<String> {
    read_or(section, key, folder, None)
}

/// The same for a file that a command of ours makes: that is the hint where it is not there.
pub(super) fn made_by(
    section: &Section<'_>,
    key: &str,
    folder: &Path,
    command: &str,
) -> Option<String> {
    read_or(section, key, folder, Some(command))
}

fn read_or(
    section: &Section<'_>,
    key: &str,
    folder: &Path,
    command: Option<&str>,
) -> Option<String> {
    let name = section.words(key)?;
    let file = &name.value;
    let path = folder.join(file);
    let refuse = |problem: Text, hint: Text| {
        section.note(name.offset, problem, hint);
        None
    };
    let write_it = |there: bool| match command {
        Some(command) if !there => {
            let path = path.display();
            text!("用命令 `{command} > {path}` 生成", "make it with `{command} > {path}`")
        }
        _ => Text::new(
            "把密码或令牌写入这个文件，只让 hallwatch 可读（chmod 600）；\
             相对路径从配置文件所在目录算起",
            "write the secret into this file, readable by hallwatch only (chmod 600); \
             relative paths start at the configuration's folder",
        ),
    };
    match first_line(&path) {
        Ok(secret) if secret.is_empty() => {
            let problem = text!("`{file}` 的第一行为空", "the first line of `{file}` is empty");
            refuse(problem, write_it(false))
        }
        Ok(secret) if secret.chars().any(char::is_control) => {
            let hint = Text::new(
                "第一行应为纯文本的密码或令牌",
                "the secret is plain text on the first line",
            );
            refuse(text!("`{file}` 含有控制字符", "`{file}` holds control characters"), hint)
        }
        Ok(secret) => {
            notice_open(section, key, &path);
            Some(secret)
        }
        Err(error) => {
            let there = error.kind() != std::io::ErrorKind::NotFound;
            refuse(unreadable(file, &error), write_it(there))
        }
    }
}

/// Notices a secret file that others than its owner and group can read, or the group can change.
pub(super) fn notice_open(section: &Section<'_>, key: &str, path: &Path) {
    let Ok(metadata) = path.metadata() else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & TOO_OPEN != 0 {
        let path = path.display();
        let told = text!(
            "其他用户可以读取或修改 `{path}`（权限 {mode:03o}）",
            "others can read or change `{path}` (mode {mode:03o})",
        );
        let hint = text!("运行 `chmod 640 {path}`", "run `chmod 640 {path}`");
        section.notice(section.value_offset(key), told, hint);
    }
}

/// A file that has to be there, such as a CA certificate.
pub(super) fn existing(section: &Section<'_>, key: &str, folder: &Path) -> Option<PathBuf> {
    let name = section.words(key)?;
    let path = folder.join(&name.value);
    match File::open(&path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Some(path),
        Ok(_) => {
            let problem = text!("`{}` 不是文件", "`{}` is not a file", name.value);
            section.note(name.offset, problem, Text::new("写文件名", "name a file"));
            None
        }
        Err(error) => {
            let hint = Text::new(
                "相对路径从配置文件所在目录算起",
                "relative paths start at the configuration's folder",
            );
            section.note(name.offset, unreadable(&name.value, &error), hint);
            None
        }
    }
}

fn first_line(path: &Path) -> std::io::Result<String> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(SECRET_BYTES_MAX).read_to_end(&mut bytes)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line).map_err(|_| std::io::ErrorKind::InvalidData)?;
    Ok(text.trim_start_matches('\u{feff}').trim().to_owned())
}

/// That a file cannot be read and why, the same on every system.
pub(super) fn unreadable(file: impl std::fmt::Display, error: &std::io::Error) -> Text {
    let Text { zh, en } = reason(error);
    text!("无法读取 `{file}`：{zh}", "cannot read `{file}`: {en}")
}

fn reason(error: &std::io::Error) -> Text {
    match error.kind() {
        std::io::ErrorKind::NotFound => Text::new("文件不存在", "there is no such file"),
        std::io::ErrorKind::PermissionDenied => {
            Text::new("没有读取权限", "no permission to read it")
        }
        std::io::ErrorKind::IsADirectory => Text::new("这是一个目录", "it is a folder"),
        std::io::ErrorKind::InvalidData => Text::new("不是 UTF-8 文本", "it is not UTF-8 text"),
        _ => text!("系统报错 {error}", "{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts_without_space_and_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "\u{feff}  s3cret \r\nnotes\n").unwrap();
        assert_eq!(first_line(&path).unwrap(), "s3cret");
        std::fs::write(&path, [0xff, 0xfe, b'\n']).unwrap();
        assert_eq!(reason(&first_line(&path).unwrap_err()).en, "it is not UTF-8 text");
        assert_eq!(reason(&first_line(folder.path()).unwrap_err()).zh, "这是一个目录");
    }
}

//! Standard output of commands: who closes it, as `head` does, has seen enough.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};

/// Writes some text; ends the command when nobody reads any more, or the disk behind it is full.
pub(super) fn write(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!(
                "错误：无法写到标准输出：{error}\nerror: cannot write to standard output: {error}"
            );
            std::process::exit(1);
        }
    }
}

/// Like `println!`, without its panic.
macro_rules! say {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}
/// Like `print!`, without its panic.
macro_rules! say_part {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!($($text)*)) };
}
pub(super) use {say, say_part};

//! What is wrong with the words of the command line, in Chinese as well: the parser speaks English.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Shows a mistake of the command line, or the help that was asked for.
pub(super) fn show(error: &clap::Error) -> ExitCode {
    let asked = !error.use_stderr();
    let told = error.print();
    if asked {
        return if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(zh) = chinese(error) {
        eprintln!("错误：{zh}；用 --help 查看用法");
    }
    ExitCode::from(2)
}

fn chinese(error: &clap::Error) -> Option<String> {
    let word = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(" ")),
        _ => None,
    };
    // The likeliest stands last.
    let nearest = |kind| match error.get(kind)? {
        ContextValue::Strings(texts) => texts.last().cloned(),
        _ => word(kind),
    };
    let argument = word(ContextKind::InvalidArg).unwrap_or_default();
    let value = word(ContextKind::InvalidValue).unwrap_or_default();
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let command = word(ContextKind::InvalidSubcommand).unwrap_or_default();
            match nearest(ContextKind::SuggestedSubcommand) {
                Some(near) => format!("没有命令 `{command}`；是不是想写 `{near}`？"),
                None => format!("没有命令 `{command}`"),
            }
        }
        ErrorKind::UnknownArgument => match nearest(ContextKind::SuggestedArg) {
            Some(near) => format!("没有参数 `{argument}`；是不是想写 `{near}`？"),
            None => format!("没有参数 `{argument}`"),
        },
        ErrorKind::MissingRequiredArgument => format!("缺少参数 `{argument}`"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "缺少命令".to_owned()
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` 缺少值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("`{argument}` 的值 `{value}` 不对")
        }
        ErrorKind::ArgumentConflict => {
            let other = word(ContextKind::PriorArg).unwrap_or_default();
            format!("`{argument}` 不能和 `{other}` 一起用")
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{argument}` 的值的个数不对")
        }
        ErrorKind::NoEquals => format!("`{argument}` 后要写 `=`"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Arguments;
    use super::*;

    #[test]
    fn mistakes_are_told_in_chinese_too() {
        let of = |words: &[&str]| {
            let words = std::iter::once("hallwatch").chain(words.iter().copied());
            let error = Arguments::try_parse_from(words).err().expect("a mistake");
            chinese(&error).expect("words")
        };
        assert_eq!(of(&["exprot"]), "没有命令 `exprot`；是不是想写 `export`？");
        assert_eq!(of(&["verify", "--dat", "x"]), "没有参数 `--dat`；是不是想写 `--data`？");
        assert!(of(&["export", "--from", "2026-01-01"]).starts_with("缺少参数 `--out"));
        assert!(of(&["export", "--from", "gestern", "-o", "x"]).contains("`gestern` 不对"));
        assert!(of(&["export", "--from"]).contains("缺少值"));
        let both = ["resend", "--sink", "a", "--dead-letters", "--from", "2026-01-01"];
        assert!(of(&both).contains("不能和"));
    }
}

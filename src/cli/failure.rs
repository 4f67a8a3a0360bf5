//! Why a command gave up, in both languages.

use std::error::Error;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use crate::app::AppError;
use crate::journal::JournalError;
use crate::model::{Text, text};
use crate::notify::NotifyError;
use crate::profile::CatalogError;
use crate::simulate::SimulateError;
use crate::source::modbus::detect::KnownError;
use crate::source::modbus::scan::ScanError;
use crate::source::mqtt::TlsError;
use crate::web::PasswordError;

use super::check::Language;

/// What is told before the program ends. Not an error itself, so that every error becomes one.
#[derive(Debug)]
pub(super) struct Failure(Text);

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(chain(&error))
    }
}

impl Failure {
    /// A failure in these words.
    pub(super) const fn told(text: Text) -> Self {
        Self(text)
    }

    /// A file that cannot be read or written; one that is there is never written over.
    pub(super) fn of_file(path: &Path, error: &std::io::Error) -> Self {
        let path = path.display();
        if error.kind() == ErrorKind::AlreadyExists {
            return Self(text!(
                "`{path}` 已存在；请换一个文件名",
                "`{path}` is there already; choose another name",
            ));
        }
        let Text { zh, en } = words(error);
        Self(text!("`{path}`：{zh}", "`{path}`: {en}"))
    }

    /// What is told.
    pub(super) fn into_text(self) -> Text {
        self.0
    }

    /// What stands on the screen: both languages, unless one was asked for.
    pub(super) fn shown(&self, language: Option<Language>) -> String {
        let Self(Text { zh, en }) = self;
        match language {
            Some(Language::Zh) => format!("错误：{zh}"),
            Some(Language::En) => format!("error: {en}"),
            None => format!("错误：{zh}\nerror: {en}"),
        }
    }

    /// No page at this address; `setting` is where another one is chosen.
    pub(super) fn listening(
        address: SocketAddr,
        setting: &str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        move |error| {
            let Text { zh, en } = words(&error);
            Self(text!(
                "无法监听 `{address}`：{zh}；请改用其他 {setting}",
                "cannot listen on `{address}`: {en}; choose another {setting}",
            ))
        }
    }
}

/// An error with its causes, each once.
fn chain(error: &(dyn Error + 'static)) -> Text {
    let mut all = words(error);
    let mut cause = error.source();
    while let Some(inner) = cause {
        let Text { zh, en } = words(inner);
        if !all.en.ends_with(&en) {
            all = Text::new(format!("{}：{zh}", all.zh), format!("{}: {en}", all.en));
        }
        cause = inner.source();
    }
    all
}

/// One error without its causes; what has no Chinese words keeps its English ones.
fn words(error: &(dyn Error + 'static)) -> Text {
    let en = error.to_string();
    let zh = if let Some(error) = error.downcast_ref::<AppError>() {
        app(error)
    } else if let Some(error) = error.downcast_ref::<JournalError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<CatalogError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<PasswordError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<KnownError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<ScanError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<NotifyError>() {
        return error.text();
    } else if let Some(error) = error.downcast_ref::<SimulateError>() {
        match error {
            SimulateError::Bind { address, .. } => format!("无法监听 `{address}`"),
            _ => format!("虚拟大厅无法启动（{en}）"),
        }
    } else if let Some(error) = error.downcast_ref::<TlsError>() {
        match error {
            TlsError::CaFile { path, reason } => format!("`{path}` 中没有可用的证书：{reason}"),
            TlsError::KeyFile { path, reason } => format!("`{path}` 中没有可用的私钥：{reason}"),
            TlsError::Client { path, reason } => {
                format!("证书 `{path}` 与私钥不能使用：{reason}")
            }
            TlsError::Socket(_) => "无法在临时目录中建立套接字".to_owned(),
            TlsError::System(error) => format!("无法使用系统的证书：{error}"),
        }
    } else if let Some(error) = error.downcast_ref::<std::io::Error>() {
        system(error)
    } else {
        en.clone()
    };
    Text::new(zh, en)
}

fn app(error: &AppError) -> String {
    match error {
        AppError::Journal { folder, .. } => format!("无法打开 `{folder}` 中的数据日志"),
        AppError::Mqtt(_) => "无法接收 MQTT 消息".to_owned(),
        AppError::Alerts(error) => format!("告警无法启动（{error}）"),
        AppError::Influx { name, .. } => format!("无法使用 InfluxDB `{name}`"),
        AppError::Channel(name, _) => format!("无法使用渠道 `{name}`"),
        AppError::History(error) => format!("历史数据不可用（{}）", error.text().zh),
        AppError::Reader(error) => format!("无法读取数据日志（{}）", error.text().zh),
        AppError::Books(error) => format!("人工录入与关账记录不可用（{}）", error.hint().zh),
        AppError::Web(error) => format!("页面无法启动（{error}）"),
    }
}

fn system(error: &std::io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::AddrInUse => "地址和端口已被占用",
        ErrorKind::AddrNotAvailable => "本机没有这个地址",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::NotFound => "文件或目录不存在",
        ErrorKind::StorageFull => "磁盘已满",
        ErrorKind::ReadOnlyFilesystem => "文件系统为只读",
        ErrorKind::InvalidData => "不是 UTF-8 文本",
        _ => return format!("系统报错 {error}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_journal_is_told_in_both_languages() {
        let source = JournalError::Busy("/var/lib/hallwatch".to_owned());
        let error = AppError::Journal { folder: "/var/lib/hallwatch".to_owned(), source };
        assert_eq!(
            Failure::from(error).shown(None),
            "错误：无法打开 `/var/lib/hallwatch` 中的数据日志：\
             `/var/lib/hallwatch` 正被另一个 hallwatch 使用\n\
             error: the journal in `/var/lib/hallwatch` cannot be opened: \
             `/var/lib/hallwatch` is in use by another hallwatch"
        );
        let full = AppError::Journal { folder: "d".to_owned(), source: JournalError::DiskFull };
        assert!(Failure::from(full).0.zh.ends_with("数据日志所在的磁盘已满"));
    }

    #[test]
    fn a_port_in_use_is_told_in_both_languages() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let told = Failure::listening(address, "[web] listen")(ErrorKind::AddrInUse.into());
        assert_eq!(
            told.0.zh,
            "无法监听 `127.0.0.1:80`：地址和端口已被占用；请改用其他 [web] listen"
        );
        assert_eq!(
            told.0.en,
            "cannot listen on `127.0.0.1:80`: address in use; choose another [web] listen"
        );
    }

    #[test]
    fn a_short_password_is_told_in_both_languages() {
        let told = Failure::from(PasswordError::TooShort);
        let (zh, en) =
            ("错误：密码至少要 10 个字符", "error: a password has at least 10 characters");
        assert_eq!(told.shown(None), format!("{zh}\n{en}"));
        assert_eq!(told.shown(Some(Language::Zh)), zh);
        assert_eq!(told.shown(Some(Language::En)), en);
    }
}

//! Why a report cannot be told, or not in a form.

use crate::books::BooksError;
use crate::daybook::DaybookError;
use crate::model::{Text, text};

use super::figures::Words;

/// Why a report cannot be told, or not in a form.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    /// The days it is made of cannot be told.
    #[error(transparent)]
    Days(#[from] DaybookError),
    /// The books do not allow it.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// The period is not over.
    #[error("`{0}` is not over")]
    Running(String),
    /// The period has not begun.
    #[error("`{0}` has not begun")]
    Ahead(String),
    /// Nothing is known of the period.
    #[error("nothing is known of `{0}`")]
    Unknown(String),
    /// Something stands in the way of closing, and nobody has said why it is closed all the same.
    #[error("something stands in the way of closing: {}", told(.0))]
    Blocked(Vec<Words>),
    /// What was sealed cannot be read as it was sealed.
    #[error("the sealed figures of `{0}` are damaged")]
    Broken(String),
    /// There is no font with Chinese characters.
    #[error("no font with Chinese characters was found in {looked}")]
    NoFont {
        /// Where it was looked for.
        looked: String,
    },
    /// The program was built without PDF.
    #[error("this program was built without PDF")]
    NoPdf,
    /// Typst did not set it.
    #[error("the PDF could not be made: {0}")]
    Paper(String),
    /// It could not be mailed.
    #[error("it could not be mailed: {0}")]
    Mail(String),
    /// A file for the platform could not be written.
    #[error("a file for the energy platform could not be written: {0}")]
    Platform(String),
    /// A table could not be written.
    #[error("the table could not be made: {0}")]
    Sheet(String),
}

impl ReportError {
    /// For people, with what they can do.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Days(error) => Text::same(error.to_string()),
            Self::Books(error) => {
                let (said, hint) = (error.text(), error.hint());
                Text::new(format!("{}；{}", said.zh, hint.zh), format!("{}; {}", said.en, hint.en))
            }
            Self::Running(period) => {
                text!(
                    "`{period}` 尚未结束，不能关账",
                    "`{period}` is not over and cannot be closed"
                )
            }
            Self::Ahead(period) => {
                text!("`{period}` 尚未开始", "`{period}` has not begun: choose an earlier period")
            }
            Self::Unknown(period) => text!(
                "`{period}` 没有任何读数和录入，不能关账",
                "there are no readings and no entries of `{period}`: it is not closed"
            ),
            Self::Blocked(obstacles) => {
                let all = |of: fn(&Words) -> &String, between: &str| {
                    obstacles
                        .iter()
                        .map(|words| of(words).as_str())
                        .collect::<Vec<_>>()
                        .join(between)
                };
                let (zh, en) = (all(|words| &words.zh, "；"), all(|words| &words.en, "; "));
                text!(
                    "暂不能关账：{zh}。处理后再关账，或写明原因后强制关账",
                    "it cannot be closed: {en}. Mend that, or say why it is closed all the same",
                )
            }
            Self::Broken(period) => text!(
                "`{period}` 的封存数据已损坏；请从备份恢复",
                "the sealed figures of `{period}` are damaged; restore them from a backup",
            ),
            Self::NoFont { looked } => text!(
                "在 {looked} 中没有找到中文字体；请安装 fonts-noto-cjk（或 fonts-wqy-microhei），\
                 或把字体文件放进一个目录并在 [report] fonts 中写明",
                "no font with Chinese characters is in {looked}; install fonts-noto-cjk (or fonts-wqy-microhei), or \
                 put a font into a folder and name that in [report] fonts",
            ),
            Self::NoPdf => Text::new(
                "本程序编译时未包含 PDF；请用默认特性编译，或改用 html、xlsx",
                "this program was built without PDF; build it with its default features, or take html or xlsx",
            ),
            Self::Paper(why) => text!("PDF 生成失败：{why}", "the PDF could not be made: {why}"),
            Self::Mail(why) => text!("邮件未发出：{why}", "it could not be mailed: {why}"),
            Self::Platform(why) => text!(
                "能耗平台文件未写出：{why}；请检查目录和权限",
                "a file for the energy platform could not be written: {why}; see its folder and the rights",
            ),
            Self::Sheet(why) => text!("表格生成失败：{why}", "the table could not be made: {why}"),
        }
    }
}

fn told(obstacles: &[Words]) -> String {
    obstacles.iter().map(|words| words.en.as_str()).collect::<Vec<_>>().join("; ")
}

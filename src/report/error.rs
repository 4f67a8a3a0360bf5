//! Why a report cannot be told, or not in a form.

use crate::daybook::DaybookError;
use crate::model::{Text, text};

/// Why a report cannot be told, or not in a form.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    /// The days it is made of cannot be told.
    #[error(transparent)]
    Days(#[from] DaybookError),
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
            Self::Sheet(why) => text!("表格生成失败：{why}", "the table could not be made: {why}"),
        }
    }
}

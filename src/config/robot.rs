//! The group robots: their keys, as the services show them, and their secrets.

use crate::model::{Text, text};
use crate::notify::{DINGTALK, FEISHU, Kind, Secret, WECOM};

use super::channel::Reader;
use super::{address, secret};

/// How the address of a robot is made.
struct Form {
    /// Where it is, unless the file says otherwise.
    base: &'static str,
    /// The file that holds its key alone.
    key: &'static str,
    /// What stands before the key in the address.
    before: &'static str,
    example: &'static str,
}

/// Where a robot is, and its key.
fn robot(reader: &Reader<'_, '_>, form: &Form) -> Option<(String, Secret)> {
    let (section, folder) = (reader.section, reader.folder);
    let own_base = section.has("base_url").then(|| address::url(section, "base_url"));
    let key = form.key;
    match (section.has("url_file"), section.has(key)) {
        (true, true) => {
            let problem = text!(
                "`url_file` 与 `{key}` 只能写一个",
                "only one of `url_file` and `{key}` is needed"
            );
            let hint = text!("删除其中一个", "remove one of them");
            section.note(section.key_offset(key), problem, hint);
            None
        }
        (false, _) => {
            if !section.has(key) {
                let example = form.example;
                let hint = text!(
                    "例如 {key} = \"secrets/robot.key\"，或 url_file，文件里存整个地址（{example}…）",
                    "write {key} = \"secrets/robot.key\", or url_file with the whole address ({example}…)",
                );
                section.missing(key, hint);
            }
            let found = secret::read(section, key, folder);
            let base = match own_base {
                Some(base) => base?.value,
                None => form.base.to_owned(),
            };
            Some((base, Secret::new(found?)))
        }
        (true, false) => {
            let url = secret::read(section, "url_file", folder)?;
            let Some((base, key)) = cut(&url, form.before) else {
                let example = form.example;
                // The address is a secret: it must not stand in the message.
                let problem = Text::new(
                    "`url_file` 里不是这种机器人的地址",
                    "`url_file` does not hold the address of such a robot",
                );
                let hint = text!("应形如 {example}…", "it is like {example}…");
                section.note(section.value_offset("url_file"), problem, hint);
                return None;
            };
            let base = match own_base {
                Some(base) => base?.value,
                None => base,
            };
            Some((base, Secret::new(key)))
        }
    }
}

/// The base and the key of an address.
fn cut(url: &str, before: &str) -> Option<(String, String)> {
    let (base, rest) = url.split_once(before)?;
    let key = rest.split(['&', '?', '#', '/']).next().filter(|key| !key.is_empty())?;
    let good = reqwest::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    good.then(|| (base.to_owned(), key.to_owned()))
}

/// The secret of a robot that wants its messages signed.
fn signing(reader: &Reader<'_, '_>) -> Result<Option<Secret>, ()> {
    let found = secret::read(reader.section, "secret_file", reader.folder);
    match (reader.section.has("secret_file"), found) {
        (true, None) => Err(()),
        (_, found) => Ok(found.map(Secret::new)),
    }
}

pub(super) fn wecom(reader: &Reader<'_, '_>) -> Option<Kind> {
    let form = Form {
        base: WECOM,
        key: "key_file",
        before: "/cgi-bin/webhook/send?key=",
        example: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    };
    let (base, key) = robot(reader, &form)?;
    Some(Kind::Wecom { base, key })
}

pub(super) fn dingtalk(reader: &Reader<'_, '_>) -> Option<Kind> {
    let form = Form {
        base: DINGTALK,
        key: "token_file",
        before: "/robot/send?access_token=",
        example: "https://oapi.dingtalk.com/robot/send?access_token=",
    };
    let (robot, secret) = (robot(reader, &form), signing(reader).ok());
    let (base, token) = robot?;
    Some(Kind::Dingtalk { base, token, secret: secret? })
}

pub(super) fn feishu(reader: &Reader<'_, '_>) -> Option<Kind> {
    let form = Form {
        base: FEISHU,
        key: "token_file",
        before: "/open-apis/bot/v2/hook/",
        example: "https://open.feishu.cn/open-apis/bot/v2/hook/",
    };
    let (robot, secret) = (robot(reader, &form), signing(reader).ok());
    let (base, token) = robot?;
    Some(Kind::Feishu { base, token, secret: secret? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_the_service_shows_is_cut_into_base_and_key() {
        let cut = |url: &str| cut(url, "/cgi-bin/webhook/send?key=");
        let found = cut("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-b&x=1").unwrap();
        assert_eq!(found, ("https://qyapi.weixin.qq.com".to_owned(), "a-b".to_owned()));
        assert_eq!(cut("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="), None);
        assert_eq!(cut("https://example.org/hook"), None);
        assert_eq!(cut("ftp://x/cgi-bin/webhook/send?key=a"), None);
    }
}

//! Mosquitto's file of rights.

use crate::source::mqtt::Rights;

const HEAD: &str = "\
# 由 hallwatch device credentials 按 hall.toml 生成；每次重新生成，请勿手改。
# Made by hallwatch device credentials from hall.toml, anew each time: do not edit.
# 其他账号（如网桥）的权限写在 hallwatch.acl.own 中，会接在本文件末尾。
# Rights of other accounts, such as a bridge's, go into hallwatch.acl.own, which is put at the end.
#
# 每个账号只能发布自己的主题：冒充不了别的设备。没有写明的一律禁止。
# Every account publishes its own topics only: it cannot pose as another. The rest is forbidden.
";

/// The whole file; `others` are the rights of accounts that are none of ours.
pub(super) fn text(all: &[Rights], others: &str) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for rights in all {
        lines.push(format!("\nuser {}\n", rights.user));
        lines.extend(rights.write.iter().map(|topic| format!("topic write {topic}\n")));
        lines.extend(rights.read.iter().map(|topic| format!("topic read {topic}\n")));
    }
    if !others.trim().is_empty() {
        lines.push(format!("\n{}\n", others.trim_end()));
    }
    lines.concat()
}

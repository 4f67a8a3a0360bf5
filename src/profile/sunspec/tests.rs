//! Model files: what they mean, and what is wrong with crooked ones.

use super::*;
use crate::model::Severity;
use crate::profile::Catalog;

const MODEL: &str = r#"
model = 64200
name = "thing"
label = "Thing"
length = 20
source = "x"
[[point]]
id = "Net"
offset = 2
type = "ipaddr"
point = "vendor_network_address"
[[point]]
id = "Evt"
offset = 4
type = "bitfield16"
point = "fault"
bits = { "0" = "hot" }
[group]
id = "part"
label = { zh = "部件{n}", en = "part {n}" }
first_offset = 5
words = 3
[[group.point]]
id = "T"
offset = 0
type = "int16"
sf = "T_SF"
point = "vendor_part_{n}_temp_c"
first = "cabinet_temp_c"
[[group.point]]
id = "T_SF"
offset = 1
type = "sunssf"
[[group.point]]
id = "Evt"
offset = 2
type = "bitfield16"
point = "fault"
bits = { "0" = "hot" }
[[fault]]
code = "hot"
severity = "minor"
zh = "过热"
en = "too hot"
"#;

fn mistakes(old: &str, new: &str) -> Vec<String> {
    let text = MODEL.replace(old, new);
    assert_ne!(text, MODEL);
    let found = compile_model("model_64200.toml", &text).expect_err("mistakes");
    found.iter().map(|mistake| mistake.problem.en.clone()).collect()
}

#[test]
fn instances_have_names_places_and_codes_of_their_own() {
    let model = compile_model("model_64200.toml", MODEL).expect("fits");
    assert_eq!((model.instances(3 + 3 * 5 + 2), model.instances(2)), (5, 0));
    let [first, third] = [model.group_points(1), model.group_points(3)];
    assert_eq!(first[0].name.as_str(), "cabinet_temp_c");
    assert_eq!((third[0].name.as_str(), third[0].address), ("vendor_part_3_temp_c", 11));
    let ScaleBy::Register { address, .. } = third[0].scale else { panic!("a factor") };
    assert_eq!(address, 12, "the factor of its own instance");
    let Meaning::FaultBits(codes) = &third[1].meaning else { panic!("bits") };
    assert_eq!(codes[&0], "part-3-hot");
    assert!(model.group_points(u16::MAX).is_empty());

    let own = model.points[1].clone();
    let further = further_instance(own, 64200, 2).expect("fits");
    let Meaning::FaultBits(codes) = &further.meaning else { panic!("bits") };
    assert_eq!((further.name.as_str(), codes[&0].as_str()), ("fault", "hot@2"));
    let named = further_instance(third[0].clone(), 64200, 2).expect("fits");
    assert_eq!(named.name.as_str(), "vendor_model_64200_2_part_3_temp_c");
}

#[test]
fn codes_of_instances_have_texts_in_both_languages() {
    let catalog = Catalog::shipped().expect("profiles");
    let profile = catalog.get("sunspec").expect("profile");
    let text = |code: &str| profile.fault(code).text;
    assert_eq!(
        text("mppt-3-arc-detected"),
        Text::new("MPPT3：直流拉弧", "MPPT 3: DC arc detected")
    );
    assert_eq!(profile.fault("mppt-3-arc-detected").severity, Severity::Critical);
    assert_eq!(text("ground-fault@2"), Text::new("第2个：接地故障", "no. 2: ground fault"));
    assert_eq!(
        text("string-12-fuse-fault@3").en,
        "no. 3: string 12: fuse fault",
        "the innermost stands last"
    );
    assert_eq!(text("mppt-x-arc-detected").en, "fault code mppt-x-arc-detected");
}

#[test]
fn crooked_models_are_refused() {
    let overlap = mistakes("offset = 4\n", "offset = 3\n");
    assert_eq!(overlap, ["`Evt` overlaps `Net` at offset 3"]);
    let outside = mistakes("words = 3", "words = 2");
    assert_eq!(outside, ["`Evt` lies outside the part it is in"]);
    let outside = mistakes("first_offset = 5", "first_offset = 4");
    assert_eq!(outside, ["`Evt` lies outside the part it is in"]);
    let kind = mistakes("\"ipaddr\"", "\"pad\"");
    assert_eq!(kind, ["unknown SunSpec type `pad`"]);
    let factor = mistakes("sf = \"T_SF\"", "sf = \"U_SF\"");
    assert_eq!(factor, ["no scale-factor point `U_SF` in this model"]);
    let name = mistakes("vendor_network_address", "network_address");
    assert_eq!(name, ["unknown point `network_address`"]);
}

//! `docs/gradients.md` leads to every derivation that it holds.

const PAGE: &str = include_str!("../../../docs/gradients.md");

#[test]
fn the_contents_name_every_section_in_order() {
    let contents = PAGE.split_once("Contents: ").expect("a list of contents").1.split("\n\n").next().unwrap();
    let listed: Vec<&str> = contents.split("](#").skip(1).filter_map(|link| Some(link.split_once(')')?.0)).collect();
    let anchor = |title: &str| title.to_lowercase().replace(' ', "-");
    let sections: Vec<String> = PAGE.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    assert_eq!(listed, sections);
}

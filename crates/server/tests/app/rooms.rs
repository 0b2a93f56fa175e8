//! The rooms as pages: what they weigh, how soon they are there.

use std::time::Instant;

use crate::running::App;

/// The files that a page asks for when it opens, found by its links and by the imports of its modules.
fn weight(app: &App, path: &str) -> usize {
    let page = app.get(path);
    assert_eq!(page.status, 200, "{path}");
    let mut wanted: Vec<String> = ["href=\"/assets/", "src=\"/assets/"]
        .iter()
        .flat_map(|mark| {
            page.text().split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let (mut seen, mut bytes) = (Vec::new(), page.body.len());
    while let Some(name) = wanted.pop() {
        if seen.contains(&name) {
            continue;
        }
        let file = app.get(&format!("/assets/{name}"));
        assert_eq!(file.status, 200, "{path} wants {name}");
        bytes += file.body.len();
        if name.ends_with(".js") || name.ends_with(".css") {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let quoted = file.text();
            let imports = quoted
                .lines()
                .filter(|line| line.contains("from \"") || line.contains("import(\"") || line.starts_with("import \""));
            wanted.extend(imports.filter_map(|line| line.rsplit('"').nth(1)).map(|path| joined(&folder, path)));
            let urls = quoted.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
            wanted.extend(
                urls.map(|url| url.trim_matches('"')).filter_map(|url| url.strip_prefix("/assets/")).map(str::to_owned),
            );
        }
        seen.push(name);
    }
    bytes
}

fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[test]
fn every_room_weighs_less_than_300_kilobytes() {
    let app = App::start();
    for path in ["/by-hand", "/train", "/runs", "/draw"] {
        let began = Instant::now();
        let first = app.get(path);
        let waited = began.elapsed();
        let bytes = weight(&app, path);
        eprintln!("{path}: {} kB in all, page of {} kB after {waited:?}", bytes / 1000, first.body.len() / 1000);
        assert!(bytes < 300_000, "{path} weighs {bytes} bytes");
    }
}

#[test]
fn files_are_kept_by_the_browser_and_asked_about() {
    let app = App::start();
    let first = app.get("/assets/house.css");
    let tag = first.header("etag").to_owned();
    assert!(!tag.is_empty());
    let again = app.request("GET", "/assets/house.css", &[("if-none-match", &tag)], None);
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn the_door_leads_to_the_first_room() {
    let app = App::start();
    let door = app.get("/");
    assert_eq!((door.status, door.header("location")), (303, "/by-hand"));
}

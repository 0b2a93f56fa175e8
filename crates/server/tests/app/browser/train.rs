//! A recipe chosen, changed, trained and watched.

use super::visit;

const SMALL: &str = "{ type = \"conv\", channels = 4, kernel = 3, padding = 1 }\n{ type = \"relu\" }\n{ type = \"max_pool\" }\n\
                     { type = \"global_average_pool\" }\n{ type = \"linear\", features = 10 }\n{ type = \"log_softmax\" }";

#[test]
fn a_recipe_is_changed_trained_watched_and_drawn_with() {
    let Some(mut visit) = visit() else { return };
    visit.go("/train");
    visit.browser.wait_for("document.querySelector('.facts')?.textContent.includes('19,650')");
    visit.pictures("train-begin");

    // What cannot be is said at its field, and nothing is trained by it.
    visit.type_into("#field-epochs", "many");
    visit
        .browser
        .wait_for("document.querySelector('#field-epochs-error')?.textContent.includes('must be a whole number')");
    assert_eq!(visit.on("#field-epochs", "return it.getAttribute('aria-invalid');"), "true");
    visit.picture("train-refused");
    visit.type_into("#field-epochs", "5");
    visit.browser.wait_for("document.querySelector('#field-epochs').getAttribute('aria-invalid') !== 'true'");

    // Nothing and a number below all that may be are said in the same manner.
    for (field, typed, said) in [
        ("epochs", "", "Nothing stands here: it must be a whole number from 1 to"),
        ("batch_size", "-1", "-1 cannot be: it must be a whole number from 1 to"),
        ("schedule-learning_rate", "-3", "-3 cannot be: it must be "),
    ] {
        let field = format!("#field-{field}");
        let before = visit.on(&field, "return it.value;").as_str().unwrap().to_owned();
        visit.on(&field, "it.value = ''; it.dispatchEvent(new Event('input'));");
        visit.type_into(&field, typed);
        let says = format!("document.querySelector('{field}-error')?.textContent.startsWith('{said}')");
        visit.browser.wait_for(&says);
        visit.on(&field, "it.value = '';");
        visit.type_into(&field, &before);
        visit.browser.wait_for(&format!("document.querySelector('{field}-error').textContent === ''"));
    }

    // What the program writes `so` is shown as code.
    visit.click("#recipe-seed-tuned");
    visit.browser.wait_for("document.querySelector('#recipe-about code')?.textContent === 'default'");
    assert!(!visit.text("#recipe-about").contains('`'));
    assert!(visit.text(".groups").contains("weight decay") && !visit.text(".groups").contains("no decay everything"));
    // Another recipe, a smaller network: the summary follows.
    visit.click("#recipe-seed");
    visit.browser.wait_for("document.querySelector('.facts').textContent.includes('18,800')");
    visit.type_into("#field-epochs", "5");
    visit.type_into("#field-batch_size", "50");
    visit.type_into("#layers", SMALL);
    visit.browser.wait_for("document.querySelector('.facts').textContent.includes('90')");
    visit.browser.wait_for("document.querySelector('.command').textContent.includes('longhand train seed')");
    assert!(visit.text(".command").contains("--epochs 5"), "{}", visit.text(".command"));

    visit.click(".plan .primary");
    visit.browser.wait_for("new URLSearchParams(location.search).get('job')");
    visit.browser.wait_for("document.querySelectorAll('table.epochs tbody tr').length === 5");
    visit.browser.wait_for("document.querySelector('[data-name=report]')");
    visit.browser.wait_for("document.querySelector('.of-curves svg.plot')");
    visit.browser.wait_for("document.querySelectorAll('.of-classes table.confusion tbody tr').length === 10");
    visit.browser.wait_for("document.querySelector('.of-mistakes img.digit')");
    visit.pictures("train-done");
    let job = visit.app.get("/api/state").json()["queue"]["ended"][0].clone();
    assert_eq!((job["status"].as_str(), job["epochs_done"].as_u64()), (Some("finished"), Some(5)));

    // Everything is still there when the page is opened again.
    let address = visit.browser.evaluate("location.pathname + location.search").as_str().unwrap().to_owned();
    visit.go(&address);
    visit.browser.wait_for("document.querySelectorAll('table.epochs tbody tr').length === 5");

    visit.click("[data-name=draw]");
    visit.browser.wait_for("location.pathname === '/draw' && document.querySelector('#model')?.value.length > 5");
    assert_eq!(visit.on("#model", "return it.value;"), job["run"]);
    // The refused plan is the browser's own complaint about an answer of 422.
    visit.browser.events.retain(|event| !event.to_string().contains("422"));
    visit.nothing_went_wrong();
}

/// What was typed wrong outlives a reload at its field, beside all others, and can be put back.
#[test]
fn a_draft_that_cannot_be_is_shown_again_with_all_its_fields() {
    let Some(mut visit) = visit() else { return };
    visit.go("/train");
    visit.browser.wait_for("document.querySelector('.facts')?.textContent.includes('19,650')");
    let says = "document.querySelector('#field-epochs-error')?.textContent.includes('must be a whole number')";
    visit.on("#field-epochs", "it.value = '';");
    visit.type_into("#field-epochs", "many");
    visit.browser.wait_for(says);
    visit.go("/draw");
    visit.go("/train");
    visit.browser.wait_for(says);
    assert_eq!(visit.on("#field-epochs", "return it.value;"), "many");
    assert_eq!(visit.on("#field-batch_size", "return it.value;"), "64");
    assert!(visit.on("#layers", "return it.value;").as_str().unwrap().contains("channels = 8"));
    visit.picture("train-refused-again");
    // Another recipe and back: each has its own fields, whatever is wrong with one of them.
    visit.click("#recipe-seed");
    visit.browser.wait_for("document.querySelector('#field-batch_size').value === '128'");
    visit.click("#recipe-default");
    visit.browser.wait_for("document.querySelector('#field-batch_size').value === '64'");
    visit.browser.wait_for(says);
    assert_eq!(visit.on("#field-epochs", "return it.value;"), "many");
    visit.click(".changes button");
    visit.browser.wait_for("document.querySelector('.plan .primary')?.textContent.length > 1");
    visit.browser.wait_for("document.querySelector('#field-epochs').value === '20'");
    visit.browser.wait_for("document.querySelector('#field-epochs-error').textContent === ''");
}

#[test]
fn a_run_is_stopped_kept_and_goes_on_while_others_wait() {
    let Some(mut visit) = visit() else { return };
    let long = visit.app.train(serde_json::json!({ "epochs": 2000, "seed": 1 }));
    let next = visit.app.train(serde_json::json!({ "epochs": 2000, "seed": 2 }));
    visit.go(&format!("/train?job={}", long["id"].as_str().unwrap()));
    visit.browser.wait_for("document.querySelectorAll('table.epochs tbody tr').length >= 3");
    visit.pictures("train-running");
    let before = visit.browser.evaluate("document.querySelectorAll('table.epochs tbody tr').length").as_u64().unwrap();
    // The server's word comes again after the connection was lost, with nothing left out.
    visit.browser.call(
        "Network.emulateNetworkConditions",
        serde_json::json!({ "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 }),
    );
    std::thread::sleep(std::time::Duration::from_millis(700));
    visit.browser.call(
        "Network.emulateNetworkConditions",
        serde_json::json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 }),
    );
    visit.browser.wait_for(&format!("document.querySelectorAll('table.epochs tbody tr').length > {before} + 1"));
    let numbers = visit.browser.evaluate(
        "[...document.querySelectorAll('table.epochs tbody tr')].map((row) => Number(row.cells[0].textContent)).sort((a, b) => a - b)",
    );
    let numbers: Vec<u64> = numbers.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());

    visit.click("[data-name=stop]");
    visit.browser.wait_for("document.querySelector('[data-name=resume]')");
    visit.app.until_status(&next["id"], "running");
    visit.app.post(&format!("/api/jobs/{}/stop", next["id"].as_str().unwrap()), serde_json::json!({}));
    visit.app.until_status(&next["id"], "stopped");
    visit.picture("train-stopped");
    visit.click("[data-name=resume]");
    visit.app.until("it goes on", |app| app.get("/api/state").json()["queue"]["running"]["resumed"] == true);
    visit.browser.wait_for("document.querySelector('[data-name=stop]')");
    // Stopped once more, the run stands among those that ended once, and not as the job that it went on from.
    visit.click("[data-name=stop]");
    visit.browser.wait_for("document.querySelector('[data-name=resume]')");
    visit.browser.wait_for("document.querySelectorAll('#queue li.stopped').length === 2");
    assert_eq!(visit.app.get("/api/state").json()["queue"]["ended"].as_array().unwrap().len(), 3);
    visit.browser.wait_for("document.querySelector('.of-curves svg.plot')");
    visit.picture("train-went-on");
}

#[test]
fn what_was_left_from_last_time_is_queued_again() {
    let Some(mut visit) = visit() else { return };
    let long = visit.app.train(serde_json::json!({ "epochs": 2000, "seed": 1 }));
    visit.app.train(serde_json::json!({ "epochs": 3, "seed": 2 }));
    visit.app.until("an epoch is done", |app| app.job(&long["id"])["epochs_done"].as_u64() >= Some(1));
    let folder = visit.app.shared_folder();
    // The old app ends as this one takes its place; the new one must find what it left.
    let other = crate::running::App::start();
    std::mem::replace(&mut visit.app, other).end();
    visit.app = crate::running::App::start_again(folder);
    visit.go("/train");
    visit.browser.wait_for("document.querySelector('.left')?.textContent.includes('These 2 runs were not done')");
    visit.browser.wait_for("document.querySelector('.facts')?.textContent.includes('19,650')");
    visit.pictures("train-left");
    visit.click("[data-name='left add']");
    visit.browser.wait_for("!document.querySelector('.left') && document.querySelector('#queue li.running')");
    let running = visit.app.get("/api/state").json()["queue"]["running"].take();
    assert_eq!((&running["seed"], &running["resumed"]), (&1.into(), &true.into()));
    visit.nothing_went_wrong();
}

//! What happens to the platform: it is killed and started anew, its views, models and products change, its state is lost,
//! it is restored from a copy, its disk fills.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::full;
use crate::harness::{Site, root, set};
use crate::world::World;

/// Versions of the product that are on offer at once.
const OFFERED: u32 = 3;
const MODELS: [&str; 2] = ["german_credit", "german_credit_scorecard"];

/// Content folders of this world's own, so that they can be edited.
pub(crate) struct Content {
    folder: PathBuf,
    product: u32,
}

impl Content {
    pub(crate) fn new(site: &mut Site) -> Self {
        let folder = site.folder.path().join("content");
        for part in ["features/views", "lending/products", "models/policies/consumer"] {
            copy(&root().join(part), &folder.join(part));
        }
        for (name, part) in
            [("views", "features/views"), ("products", "lending/products"), ("policy", "models/policies/consumer")]
        {
            set(&mut site.config, "content", name, folder.join(part).to_str().unwrap());
        }
        Self { folder, product: 1 }
    }

    /// The version that newcomers apply for.
    pub(crate) fn product(&self) -> u32 {
        self.product
    }

    /// Another text of a view: its histories are folded anew.
    fn edit_view(&self, week: u64) {
        let path = self.folder.join("features/views/taps.toml");
        let text = std::fs::read_to_string(root().join("features/views/taps.toml")).unwrap();
        let text = text.replace("version  = 1", &format!("version  = {}", week + 1));
        std::fs::write(path, text.replace("\"1d\", \"7d\"", &format!("\"1d\", \"7d\", \"{}d\"", 8 + week % 5)))
            .unwrap();
    }

    /// A new version of the product; the oldest is withdrawn.
    fn new_product(&mut self) {
        let folder = self.folder.join("lending/products");
        let text = std::fs::read_to_string(root().join("lending/products/consumer_instalment.toml")).unwrap();
        self.product += 1;
        let next = text.replace("version     = 1", &format!("version     = {}", self.product));
        std::fs::write(folder.join(format!("consumer_instalment_{}.toml", self.product)), next).unwrap();
        if let Some(old) = self.product.checked_sub(OFFERED) {
            let name = if old == 1 {
                "consumer_instalment.toml".to_owned()
            } else {
                format!("consumer_instalment_{old}.toml")
            };
            std::fs::remove_file(folder.join(name)).unwrap_or_default();
        }
    }
}

/// Retention that passes within the world's time.
pub(crate) fn bounds(config: &mut toml::Table) {
    set(config, "limits", "save_every_ms", 150);
    set(config, "limits", "rebuild_from_kept", true);
    let days = |days: i64| toml::Value::Table(toml::Table::from_iter([("days".to_owned(), days.into())]));
    for (topic, kept) in [("events", 45), ("decisions", 120), ("dead_letters", 30)] {
        set(config, "retention", topic, days(kept));
    }
}

/// One of these each week, in turn and at random; most weeks end with `kill -9`.
pub(crate) async fn weekly(world: &mut World, week: u64) {
    world.content.edit_view(week);
    let model = root().join("models").join(MODELS[usize::try_from(week).unwrap() % MODELS.len()]);
    set(&mut world.site.config, "content", "model", model.to_str().unwrap());
    if week.is_multiple_of(4) {
        world.content.new_product();
    }
    if world.rng.bool() {
        world.weir.kill();
    } else {
        world.weir.signal("TERM");
        assert!(world.weir.wait(Duration::from_secs(60)).is_some_and(|status| status.success()));
    }
    match week % 8 {
        3 => lose_state(&world.site.data()),
        5 => full::fill_disk(world, week).await,
        7 => restore_from_copy(&world.site.data()),
        _ => {}
    }
    world.weir = world.site.start_at(&world.today.at(9, 0), &[]).await;
}

/// The state folder is gone: it is folded anew from the log.
fn lose_state(data: &Path) {
    std::fs::remove_dir_all(data.join("state")).unwrap();
}

/// The data folder is a copy of itself, as after a restore.
fn restore_from_copy(data: &Path) {
    let aside = data.with_extension("copied");
    copy(data, &aside);
    std::fs::remove_dir_all(data).unwrap();
    std::fs::rename(&aside, data).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

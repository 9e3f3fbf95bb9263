//! The texts of the demo data, in several languages and writing systems.

use crate::world::provider::Provider;

pub(super) struct Template {
    pub(super) provider: Provider,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) time_zone: &'static str,
    pub(super) color: Option<&'static str>,
    /// The number of single events.
    pub(super) singles: usize,
    pub(super) series: usize,
}

pub(super) const CALENDARS: [Template; 8] = [
    template(Provider::Google, "Work", "Meetings and deadlines", "Europe/Budapest", Some("#1a73e8"), 90, 3),
    template(Provider::Google, "Família & amigos 🎉", "", "America/Sao_Paulo", Some("#f83a22"), 50, 1),
    template(Provider::Google, "Team holidays", "Who is away", "UTC", None, 20, 1),
    template(Provider::Microsoft, "Calendar", "", "Europe/Paris", Some("#0078d4"), 90, 3),
    template(Provider::Microsoft, "Projets d'été", "Réunions de projet", "Europe/Paris", None, 40, 1),
    template(Provider::Apple, "Home", "", "Asia/Tokyo", Some("#63da38"), 50, 2),
    template(Provider::Apple, "日本語の予定", "東京オフィス", "Asia/Tokyo", Some("#ff2968"), 30, 1),
    template(Provider::Caldav, "المواعيد", "مواعيد العيادة", "Africa/Cairo", Some("#aa8800"), 50, 2),
];

pub(super) const TITLES: &[&str] = &[
    "Stand-up",
    "Design review",
    "1:1 with Zoë",
    "Sprint planning",
    "Customer call: Müller & Söhne",
    "Quarterly results",
    "Lunch with the team 🍜",
    "Interview: back-end engineer",
    "Release 2.4",
    "Dentist",
    "Yoga 🧘",
    "Déjeuner chez Amélie",
    "Réunion d'équipe",
    "Besprechung mit Jürgen",
    "歯医者の予約",
    "定例ミーティング",
    "新年会 🎍",
    "اجتماع الفريق",
    "موعد الطبيب",
    "مكالمة مع العميل",
    "Comida con mamá ❤️",
    "Revisión del presupuesto",
    "Café com a Inês",
    "Focus time",
    "School play 👨‍👩‍👧‍👦",
    "Budget \"draft\" <v2> & notes",
    "Flight LH 1336 ✈️",
    "Gym",
    "Parent-teacher conference",
    "Incident review",
];

pub(super) const DAYS: &[&str] = &[
    "Holiday",
    "Anniversary 🎂",
    "Conference in Zürich",
    "有給休暇",
    "إجازة",
    "Journée télétravail",
    "Out of office",
];

pub(super) const PLACES: &[&str] = &[
    "Room 5",
    "Meeting room Köln",
    "Café de la Paix, Paris",
    "東京都渋谷区1-2-3",
    "القاهرة، شارع النيل ١٢",
    "12 High Street, London",
    "Online",
];

pub(super) const DESCRIPTIONS: &[&str] = &[
    "Agenda:\n1. Review\n2. Next steps",
    "Bring the slides; see <https://example.com/doc?id=42&v=2>.",
    "議題は追って連絡します。",
    "يرجى إحضار الوثائق.",
    "À préparer : le budget, l'équipe, le café ☕",
    "<p>Please <b>confirm</b> by Friday.</p>",
];

pub(super) const PEOPLE: &[&str] = &[
    "amelie@example.com",
    "jurgen@example.org",
    "yuki@example.jp",
    "omar@example.net",
    "zoe@example.com",
    "ines@example.org",
    "sam.o'neill@example.com",
    "team+calendar@example.com",
];

pub(super) const SERIES: &[&str] = &[
    "Daily stand-up",
    "Weekly sync 🔁",
    "Town hall (monthly)",
    "Training ⚽",
    "週次レビュー",
    "مراجعة أسبوعية",
    "Paiement du loyer",
];

const fn template(
    provider: Provider,
    title: &'static str,
    description: &'static str,
    time_zone: &'static str,
    color: Option<&'static str>,
    singles: usize,
    series: usize,
) -> Template {
    Template { provider, title, description, time_zone, color, singles, series }
}

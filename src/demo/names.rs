//! The names of the real data set that follow no rule: labels, and features by sensor.

/// How many of [`LABELS`], from the first, are in use; in the order of `Sample::labels`.
pub(super) const USED_LABELS: usize = 2;

/// The labels, without their prefix.
pub(super) const LABELS: [&str; 51] = [
    "LYING_DOWN",
    "SITTING",
    "FIX_walking",
    "FIX_running",
    "BICYCLING",
    "SLEEPING",
    "LAB_WORK",
    "IN_CLASS",
    "IN_A_MEETING",
    "LOC_main_workplace",
    "OR_indoors",
    "OR_outside",
    "IN_A_CAR",
    "ON_A_BUS",
    "DRIVE_-_I_M_THE_DRIVER",
    "DRIVE_-_I_M_A_PASSENGER",
    "LOC_home",
    "FIX_restaurant",
    "PHONE_IN_POCKET",
    "OR_exercise",
    "COOKING",
    "SHOPPING",
    "STROLLING",
    "DRINKING__ALCOHOL_",
    "BATHING_-_SHOWER",
    "CLEANING",
    "DOING_LAUNDRY",
    "WASHING_DISHES",
    "WATCHING_TV",
    "SURFING_THE_INTERNET",
    "AT_A_PARTY",
    "AT_A_BAR",
    "LOC_beach",
    "SINGING",
    "TALKING",
    "COMPUTER_WORK",
    "EATING",
    "TOILET",
    "GROOMING",
    "DRESSING",
    "AT_THE_GYM",
    "STAIRS_-_GOING_UP",
    "STAIRS_-_GOING_DOWN",
    "ELEVATOR",
    "OR_standing",
    "AT_SCHOOL",
    "PHONE_IN_HAND",
    "PHONE_IN_BAG",
    "PHONE_ON_TABLE",
    "WITH_CO-WORKERS",
    "WITH_FRIENDS",
];

pub(super) const SPECTRUM: [&str; 6] = [
    "magnitude_spectrum:log_energy_band0",
    "magnitude_spectrum:log_energy_band1",
    "magnitude_spectrum:log_energy_band2",
    "magnitude_spectrum:log_energy_band3",
    "magnitude_spectrum:log_energy_band4",
    "magnitude_spectrum:spectral_entropy",
];
pub(super) const MEANS: [&str; 3] = ["3d:mean_x", "3d:mean_y", "3d:mean_z"];
pub(super) const DEVIATIONS: [&str; 3] = ["3d:std_x", "3d:std_y", "3d:std_z"];
pub(super) const RELATIONS: [&str; 3] = ["3d:ro_xy", "3d:ro_xz", "3d:ro_yz"];
pub(super) const HEADING: [&str; 9] = [
    "mean_cos",
    "std_cos",
    "mom3_cos",
    "mom4_cos",
    "mean_sin",
    "std_sin",
    "mom3_sin",
    "mom4_sin",
    "entropy_8bins",
];
pub(super) const LOCATION: [&str; 11] = [
    "num_valid_updates",
    "log_latitude_range",
    "log_longitude_range",
    "min_altitude",
    "max_altitude",
    "min_speed",
    "max_speed",
    "best_horizontal_accuracy",
    "best_vertical_accuracy",
    "diameter",
    "log_diameter",
];
pub(super) const QUICK: [&str; 6] =
    ["std_lat", "std_long", "lat_change", "long_change", "mean_abs_lat_deriv", "mean_abs_long_deriv"];
pub(super) const AUDIO: [&str; 2] = ["max_abs_value", "normalization_multiplier"];
pub(super) const MEASURED: [&str; 8] = [
    "light",
    "pressure",
    "proximity_cm",
    "proximity",
    "relative_humidity",
    "battery_level",
    "screen_brightness",
    "temperature_ambient",
];
pub(super) const DISCRETE: [(&str, &[&str]); 6] = [
    ("app_state", &["is_active", "is_inactive", "is_background", "missing"]),
    ("battery_plugged", &["is_ac", "is_usb", "is_wireless", "missing"]),
    (
        "battery_state",
        &[
            "is_unknown",
            "is_unplugged",
            "is_not_charging",
            "is_discharging",
            "is_charging",
            "is_full",
            "missing",
        ],
    ),
    ("on_the_phone", &["is_False", "is_True", "missing"]),
    ("ringer_mode", &["is_normal", "is_silent_no_vibrate", "is_silent_with_vibrate", "missing"]),
    ("wifi_status", &["is_not_reachable", "is_reachable_via_wifi", "is_reachable_via_wwan", "missing"]),
];
pub(super) const HOURS: [(usize, usize); 8] =
    [(0, 6), (3, 9), (6, 12), (9, 15), (12, 18), (15, 21), (18, 24), (21, 3)];

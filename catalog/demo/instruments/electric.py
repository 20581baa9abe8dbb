"""Pads, leads and basses."""

from __future__ import annotations

from typing import Final

from catalog.demo.instruments.instrument import DETUNED, PAIRED, Instrument, swept
from catalog.demo.voices import StringVoice

SYNTHS: Final[dict[str, Instrument]] = {
    "warm pad": Instrument(
        voice=swept("saw", 900, 1300, attack_s=0.6, sustain=1.0, release_s=0.9, sweep_s=2.0, detune_cents=DETUNED),
        width=1.0,
        highpass_hz=140,
    ),
    "glass pad": Instrument(
        voice=swept("glass", 4000, 4000, attack_s=0.8, sustain=1.0, release_s=1.2, detune_cents=(-5.0, 5.0)),
        width=1.0,
        highpass_hz=160,
    ),
    "bright pad": Instrument(
        voice=swept("saw", 2600, 3800, attack_s=0.15, sustain=0.95, release_s=0.4, detune_cents=DETUNED),
        width=1.0,
        highpass_hz=170,
    ),
    "choir": Instrument(
        voice=swept(
            "choir",
            1800,
            2000,
            attack_s=0.35,
            sustain=1.0,
            release_s=0.6,
            detune_cents=(-7.0, 0.0, 8.0),
            vibrato_cents=12,
        ),
        width=0.9,
        highpass_hz=130,
    ),
    "soft lead": Instrument(
        voice=swept("triangle", 2600, 4000, attack_s=0.03, sustain=0.85, release_s=0.14, vibrato_cents=10.0), echo=0.5
    ),
    "saw lead": Instrument(
        voice=swept(
            "saw", 2600, 5600, attack_s=0.008, sustain=0.8, release_s=0.09, detune_cents=(-7.0, 6.0), vibrato_cents=9.0
        ),
        echo=0.5,
        width=0.3,
    ),
    "square lead": Instrument(
        voice=swept("square", 5000, 7500, attack_s=0.004, sustain=0.75, release_s=0.04), echo=0.4, highpass_hz=150
    ),
    "pulse": Instrument(
        voice=swept("pulse", 3200, 6500, attack_s=0.004, decay_s=0.12, sustain=0.4, release_s=0.04, sweep_s=0.1),
        echo=0.3,
        highpass_hz=150,
        width=0.3,
    ),
    "stab": Instrument(
        voice=swept(
            "saw",
            900,
            6000,
            attack_s=0.004,
            decay_s=0.16,
            sustain=0.35,
            release_s=0.1,
            sweep_s=0.12,
            detune_cents=DETUNED,
        ),
        width=0.9,
        highpass_hz=160,
    ),
    "harsh lead": Instrument(
        voice=swept("saw", 3200, 7000, attack_s=0.006, sustain=0.85, release_s=0.07, detune_cents=(-14.0, 0.0, 13.0)),
        drive=5.0,
        highpass_hz=150,
        lowpass_hz=7000,
        width=0.4,
        echo=0.3,
    ),
}

BASSES: Final[dict[str, Instrument]] = {
    "round bass": Instrument(
        voice=swept("round", 700, 1300, attack_s=0.008, decay_s=0.5, sustain=0.6, release_s=0.06, sweep_s=0.15),
        highpass_hz=35,
        reverb=0.1,
    ),
    "picked bass": Instrument(
        voice=StringVoice(wave="struck", cutoff_hz=1300, decay_s=0.55, damping_s=0.03, knock=0.02),
        highpass_hz=35,
        reverb=0.1,
    ),
    "upright bass": Instrument(
        voice=StringVoice(wave="thumb", cutoff_hz=650, decay_s=0.42, damping_s=0.05, knock=0.03),
        highpass_hz=38,
        reverb=0.25,
    ),
    "sub bass": Instrument(
        voice=swept("triangle", 300, 500, attack_s=0.012, sustain=0.95, release_s=0.08), highpass_hz=32, reverb=0.05
    ),
    "acid bass": Instrument(
        voice=swept("saw", 350, 3800, attack_s=0.004, decay_s=0.2, sustain=0.6, release_s=0.03, sweep_s=0.09),
        highpass_hz=38,
        reverb=0.1,
        drive=3.0,
    ),
    "growl bass": Instrument(
        voice=swept("saw", 700, 1700, attack_s=0.006, sustain=0.95, release_s=0.04, detune_cents=(-16.0, 0.0, 17.0)),
        highpass_hz=38,
        reverb=0.08,
        drive=6.0,
        lowpass_hz=3500,
    ),
    "cello bass": Instrument(
        voice=swept(
            "saw", 600, 800, attack_s=0.14, sustain=0.95, release_s=0.3, detune_cents=PAIRED, vibrato_cents=7.0
        ),
        highpass_hz=45,
        reverb=0.6,
    ),
}

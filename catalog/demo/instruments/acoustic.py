"""Instruments of wood, wire, breath and metal."""

from __future__ import annotations

from typing import Final

from catalog.demo.instruments.instrument import DETUNED, PAIRED, Instrument, swept
from catalog.demo.voices import FmVoice, ModalVoice, StringVoice

KEYS: Final[dict[str, Instrument]] = {
    "electric piano": Instrument(
        voice=FmVoice(ratio=1.0, index=1.6, index_decay_s=0.5, decay_s=1.6, tine=0.22, tremolo=0.18), width=0.4
    ),
    "glass keys": Instrument(voice=FmVoice(ratio=2.0, index=0.9, index_decay_s=0.9, decay_s=1.8, tine=0.1), width=0.5),
    "felt piano": Instrument(
        voice=StringVoice(
            wave="struck", cutoff_hz=1100, decay_s=1.7, detune_cents=(-0.8, 0.9), knock=0.02, inharmonic_cents=0.6
        ),
        width=0.2,
    ),
    "piano": Instrument(
        voice=StringVoice(
            wave="struck", cutoff_hz=3200, decay_s=1.5, detune_cents=(-0.7, 0.8), knock=0.03, inharmonic_cents=0.8
        ),
        width=0.2,
        reverb=0.8,
    ),
    "organ": Instrument(
        voice=swept("organ", 4000, 5200, attack_s=0.008, sustain=1.0, release_s=0.05, detune_cents=PAIRED), width=0.5
    ),
    "soft organ": Instrument(
        voice=swept("soft organ", 2500, 2500, attack_s=0.09, sustain=1.0, release_s=0.3, detune_cents=PAIRED), width=0.5
    ),
    "accordion": Instrument(
        voice=swept("reed", 2600, 3600, attack_s=0.03, sustain=0.9, release_s=0.07, detune_cents=(-6.0, 0.0, 7.0)),
        highpass_hz=150,
        width=0.3,
    ),
}

STRINGS: Final[dict[str, Instrument]] = {
    "nylon guitar": Instrument(voice=StringVoice(wave="plucked", cutoff_hz=2100, decay_s=0.8, knock=0.02), reverb=0.8),
    "steel guitar": Instrument(
        voice=StringVoice(wave="bridge", cutoff_hz=4200, decay_s=1.0, detune_cents=(-1.0, 1.5), knock=0.03), width=0.3
    ),
    "muted guitar": Instrument(
        voice=StringVoice(wave="bridge", cutoff_hz=2800, decay_s=0.16, damping_s=0.02, knock=0.04), highpass_hz=140
    ),
    "harp": Instrument(voice=StringVoice(wave="plucked", cutoff_hz=2600, decay_s=1.3, damping_s=0.5), width=0.3),
    "koto": Instrument(voice=StringVoice(wave="bridge", cutoff_hz=5200, decay_s=0.6, knock=0.05), reverb=0.9),
    "clavinet": Instrument(
        voice=StringVoice(wave="bridge", cutoff_hz=5200, decay_s=0.45, damping_s=0.02, knock=0.03), highpass_hz=160
    ),
    "power guitar": Instrument(
        voice=StringVoice(wave="bridge", cutoff_hz=5200, decay_s=1.4, damping_s=0.02, detune_cents=(-5.0, 5.0)),
        highpass_hz=85,
        lowpass_hz=4800,
        width=0.8,
        reverb=0.35,
        drive=16.0,
    ),
    "strings": Instrument(
        voice=swept(
            "saw", 2200, 2600, attack_s=0.22, sustain=0.95, release_s=0.45, detune_cents=DETUNED, vibrato_cents=9.0
        ),
        width=0.8,
    ),
    "low strings": Instrument(
        voice=swept(
            "saw", 1100, 1300, attack_s=0.25, sustain=0.95, release_s=0.5, detune_cents=DETUNED, vibrato_cents=8.0
        ),
        width=0.5,
        highpass_hz=60,
    ),
    "spiccato": Instrument(
        voice=swept(
            "saw",
            1500,
            5200,
            attack_s=0.012,
            decay_s=0.12,
            sustain=0.3,
            release_s=0.09,
            sweep_s=0.08,
            detune_cents=DETUNED,
        ),
        width=0.6,
        highpass_hz=80,
    ),
    "solo strings": Instrument(
        voice=swept(
            "saw", 1900, 2600, attack_s=0.13, sustain=0.9, release_s=0.22, detune_cents=PAIRED, vibrato_cents=22.0
        ),
        reverb=1.2,
    ),
}

WINDS: Final[dict[str, Instrument]] = {
    "flute": Instrument(
        voice=swept("flute", 3500, 4200, attack_s=0.06, sustain=0.9, release_s=0.12, vibrato_cents=16.0, breath=0.035),
        highpass_hz=180,
        reverb=1.2,
    ),
    "whistle": Instrument(
        voice=swept("whistle", 6000, 6000, attack_s=0.03, sustain=0.9, release_s=0.07, vibrato_cents=8.0, breath=0.04),
        highpass_hz=250,
    ),
    "clarinet": Instrument(
        voice=swept(
            "clarinet", 2600, 3200, attack_s=0.045, sustain=0.9, release_s=0.09, vibrato_cents=6.0, breath=0.012
        ),
        highpass_hz=130,
    ),
    "brass": Instrument(
        voice=swept(
            "saw",
            1500,
            4600,
            attack_s=0.045,
            decay_s=0.25,
            sustain=0.7,
            release_s=0.09,
            sweep_s=0.25,
            detune_cents=PAIRED,
        ),
        highpass_hz=120,
        width=0.4,
    ),
    "low brass": Instrument(
        voice=swept(
            "saw",
            900,
            3600,
            attack_s=0.04,
            decay_s=0.3,
            sustain=0.7,
            release_s=0.1,
            sweep_s=0.3,
            detune_cents=(-6.0, 5.0),
        ),
        highpass_hz=55,
        width=0.5,
        drive=2.0,
    ),
}

BARS: Final[dict[str, Instrument]] = {
    "marimba": Instrument(
        voice=ModalVoice(ratios=(1, 3.93, 9.6), strengths=(0.4, 0.12, 0.04), decays_s=(0.35, 0.12, 0.05), knock=0.04),
        reverb=0.9,
    ),
    "kalimba": Instrument(
        voice=ModalVoice(ratios=(1, 5.8, 2.0), strengths=(0.4, 0.07, 0.03), decays_s=(0.7, 0.08, 0.4), knock=0.03),
        echo=0.3,
    ),
    "vibraphone": Instrument(
        voice=ModalVoice(ratios=(1, 3.98, 10.2), strengths=(0.4, 0.1, 0.03), decays_s=(1.5, 0.5, 0.08), tremolo=0.4),
        width=0.4,
    ),
    "glockenspiel": Instrument(
        voice=ModalVoice(ratios=(1, 2.76, 5.4), strengths=(0.35, 0.14, 0.07), decays_s=(0.9, 0.4, 0.15), knock=0.02),
        highpass_hz=250,
    ),
    "bell": Instrument(
        voice=ModalVoice(
            ratios=(0.5, 1.0, 1.19, 2.0, 2.74, 4.1),
            strengths=(0.18, 0.3, 0.12, 0.16, 0.09, 0.05),
            decays_s=(2.2, 1.6, 1.1, 0.9, 0.5, 0.25),
        ),
        width=0.4,
        level_db=-2,
    ),
    "music box": Instrument(
        voice=ModalVoice(
            ratios=(1, 2.0, 4.06, 6.7), strengths=(0.35, 0.05, 0.08, 0.03), decays_s=(0.8, 0.5, 0.25, 0.1)
        ),
        highpass_hz=250,
    ),
}

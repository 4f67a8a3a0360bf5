"""Answers by pvlib and rdtools, which are another hand than ours.

Reads one JSON object from standard input: a list of cases for each name in ASKED. Writes the answers
in the same order. Times are milliseconds since 1970.
"""

import importlib
import json
import pathlib
import sys
import sysconfig
import types

import numpy as np
import pandas as pd
from pvlib import atmosphere, clearsky, inverter, irradiance, pvsystem, solarposition, temperature


def moment(ms):
    return pd.DatetimeIndex([pd.Timestamp(ms, unit="ms", tz="UTC")])


def sun(case):
    found = solarposition.get_solarposition(
        moment(case["ms"]), case["lat"], case["lon"], method="nrel_numpy", delta_t=None
    ).iloc[0]
    return {name: float(found[name]) for name in ("elevation", "apparent_elevation", "azimuth")}


def clear_sky(case):
    time = moment(case["ms"])
    place = solarposition.get_solarposition(
        time, case["lat"], case["lon"], altitude=case["altitude"], method="nrel_numpy", delta_t=None
    )
    zenith = place["apparent_zenith"]
    air_mass = atmosphere.get_absolute_airmass(
        atmosphere.get_relative_airmass(zenith), atmosphere.alt2pres(case["altitude"])
    )
    linke = clearsky._interpolate_turbidity(np.array(case["linke"]), time)
    found = clearsky.ineichen(
        zenith, air_mass, linke, case["altitude"], irradiance.get_extra_radiation(time)
    ).iloc[0]
    return {name: float(found[name]) for name in ("ghi", "dni", "dhi")} | {"linke": float(linke.iloc[0])}


def split(case):
    found = irradiance.erbs(case["ghi"], 90 - case["elevation"], moment(case["ms"])).iloc[0]
    return {name: float(found[name]) for name in ("dni", "dhi")}


def on_plane(case):
    extra = irradiance.get_extra_radiation(moment(case["ms"])).iloc[0]
    found = irradiance.get_total_irradiance(
        case["tilt"], case["facing"], 90 - case["elevation"], case["azimuth"],
        case["dni"], case["ghi"], case["dhi"], dni_extra=extra, albedo=case["albedo"], model="haydavies",
    )
    names = ("poa_global", "poa_direct", "poa_sky_diffuse", "poa_ground_diffuse")
    return {name: float(found[name]) for name in names}


def cell(case):
    sapm = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][case["mounting"]]
    weather = (case["poa"], case["ambient"], case["wind"])
    return {
        "sapm": float(temperature.sapm_cell(*weather, **sapm)),
        "faiman": float(temperature.faiman(*weather)),
    }


def pvwatts(case):
    dc = pvsystem.pvwatts_dc(case["poa"], case["cell"], case["rated"], case["gamma"])
    ac = inverter.pvwatts(np.array([dc]), case["dc_limit"], case["efficiency"])[0]
    return {"dc": float(dc), "ac": float(ac)}


def rdtools(name):
    """A module of rdtools without all that its package asks for: plots, boosted trees, statistics."""
    if "rdtools" not in sys.modules:
        package = types.ModuleType("rdtools")
        package.__path__ = [str(pathlib.Path(sysconfig.get_paths()["purelib"]) / "rdtools")]
        sys.modules["rdtools"] = package
    return importlib.import_module(f"rdtools.{name}")


def yields(case):
    """Right-labelled means. Some dark ones go before them, because rdtools drops the first, and now and
    then the second."""
    minutes = case["minutes"]
    index = pd.date_range("2026-06-01", periods=len(case["ac"]) + 3, freq=f"{minutes}min", tz="UTC")
    dark = [0.0] * 3
    series = {name: pd.Series(dark + case[name], index=index) for name in ("ac", "poa", "cell")}
    normalization = rdtools("normalization")
    energy = normalization.energy_from_power(series["ac"], target_frequency=f"{minutes}min")

    def ratio(gamma):
        plant = {
            "poa_global": series["poa"], "power_dc_rated": case["rated"],
            "temperature_cell": series["cell"], "gamma_pdc": gamma,
        }
        normalized, light = normalization.normalize_with_pvwatts(energy, plant)
        expected = energy / normalized
        sound = normalized.notna()
        return float(energy[sound].sum() / expected[sound].sum()), float(light.sum())

    (pr, light), (pr_25, _) = ratio(None), ratio(case["gamma"])
    return {"energy_wh": float(energy.sum()), "pr": pr, "pr_25": pr_25, "light_whm2": light}


ASKED = {
    "sun": sun, "clear_sky": clear_sky, "split": split, "on_plane": on_plane, "cell": cell,
    "pvwatts": pvwatts, "yields": yields,
}


def main():
    asked = json.load(sys.stdin)
    json.dump({name: [ASKED[name](case) for case in cases] for name, cases in asked.items()}, sys.stdout)


if __name__ == "__main__":
    main()

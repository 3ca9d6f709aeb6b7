def main() -> None:
    raise SystemExit("starting")

from paic3d_studio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

# Who logs in at the machine itself (HDMI, serial line) gets the terminal interface; a shell when it ends.
case "$(tty 2> /dev/null)" in
  /dev/tty[0-9]* | /dev/ttyS* | /dev/ttyAMA*)
    if [ "$(id -u)" != 0 ] && [ -z "${HPMQ_CONSOLE:-}" ]; then
      export HPMQ_CONSOLE=1
      hpmq tui || echo "hpmq tui ended; journalctl -u hpmq says more"
    fi
    ;;
esac

/** Terminals as tabs and panes, their names and their connection. */
export default {
  "tabs.ended_code": "exit {code}",
  "tabs.ended_signal": "{signal}",
  "tabs.news_output": "New output",
  "tabs.news_bell": "The bell rang",
  "tabs.in_pane": "Shown in another pane",
  "tabs.full": "A container has sixteen terminals at most. Close one to open another.",
  "tabs.rename": "Rename…",
  "tabs.rename_hint": "{name}. Double-click or F2 to rename",
  "tabs.name_label": "Name of the terminal",
  "tabs.renamed": "The terminal is called {name} now.",
  "tabs.unnamed": "The terminal is called after its program again.",
  "tabs.moved": "{name} is number {place} of {count} now.",
  "tabs.close_busy_one":
    "{programs} runs in it. It gets SIGHUP, the signal of a line that was hung up, and most programs end on it.",
  "tabs.close_busy_other":
    "{programs} run in it. They get SIGHUP, the signal of a line that was hung up, and most programs end on it.",
  "tabs.and_more": "{count} more",

  "panes.split_right": "Split to the right",
  "panes.split_down": "Split downwards",
  "panes.beside": "Beside it: {name}",
  "panes.close": "Close this pane; {name} stays as a tab",
  "panes.close_item": "Close this pane, keep the terminal",
  "panes.bar": "Size of the panes",
  "panes.has_keys": "has the keyboard",

  "terminal.kept_one":
    "Connection lost, trying again. The shell goes on; the one byte you typed waits and will be sent.",
  "terminal.kept_other":
    "Connection lost, trying again. The shell goes on; the {count} bytes you typed wait and will be sent.",
  "terminal.earlier": "Show earlier output",
  "terminal.earlier_more": "There is more above this.",

  "failure.rename_terminal": "The terminal was not renamed",

  "help.key_split": "Split the terminal: to the right, downwards",
  "help.key_panes": "To the pane on that side",
  "help.key_close_pane": "Close the pane, keep its terminal",
  "help.key_turn": "To the tab before, to the next one",
  "help.key_new": "New terminal",
  "help.key_rename": "On a tab: rename it",
  "help.key_move": "On a tab: move it",
};

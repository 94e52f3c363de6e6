; An entry in the "Send to" menu of the person who installs, and its removal.

!macro NSIS_HOOK_POSTINSTALL
  CreateShortcut "$SENDTO\Windlass.lnk" "$INSTDIR\${MAINBINARYNAME}.exe" "--"
!macroend

!macro NSIS_HOOK_POSTUNINSTALL
  Delete "$SENDTO\Windlass.lnk"
!macroend

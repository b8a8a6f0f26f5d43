/* Holds a file open on Windows until its standard input ends: for itself alone ("alone"), or so that others may read it and
   not delete it ("read"). */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int wmain(int count, wchar_t **arguments)
{
    if (count != 3)
        return 2;
    DWORD share = wcscmp(arguments[2], L"read") == 0 ? FILE_SHARE_READ : 0;
    HANDLE file = CreateFileW(arguments[1], GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
    {
        printf("error %lu\n", GetLastError());
        return 1;
    }
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    CloseHandle(file);
    return 0;
}

namespace HyperVBackup.Architecture.Sources;

/// <summary>C# source with everything that is not code (comments, lines for the preprocessor, and what stands between
/// quotes) overwritten by spaces, so that lines and columns stay what they were and braces always match.</summary>
internal static class CodeText
{
    internal static string Of(string source)
    {
        char[] code = source.ToCharArray();
        int at = 0;
        while (at < source.Length)
        {
            at = SkipOne(source, code, at);
        }

        return new string(code);
    }

    /// <returns>The place after the comment, literal or character of code at <paramref name="at"/>.</returns>
    private static int SkipOne(string source, char[] code, int at)
    {
        ReadOnlySpan<char> rest = source.AsSpan(at);
        if (rest.StartsWith("//"))
        {
            return Blank(code, at, IndexAfter(source, "\n", at) - (source.IndexOf('\n', at) < 0 ? 0 : 1));
        }

        if (rest[0] == '#' && source.AsSpan(0, at).TrimEnd(" ").EndsWith("\n"))
        {
            return Blank(code, at, at + rest.IndexOf('\n') + 1);
        }

        if (rest.StartsWith("/*"))
        {
            return Blank(code, at, IndexAfter(source, "*/", at + 2));
        }

        if (rest[0] == '\'')
        {
            return BlankText(code, at, EndOfQuoted(source, at, '\'', hasEscapes: true, isInterpolated: false));
        }

        int quote = at;
        while (quote < source.Length && source[quote] is '$' or '@')
        {
            quote++;
        }

        bool isText = quote < source.Length && source[quote] == '"';
        return isText ? BlankText(code, at, EndOfText(source, at, quote)) : at + 1;
    }

    private static int EndOfText(string source, int start, int quote)
    {
        int quoteCount = source.AsSpan(quote).IndexOfAnyExcept('"');
        quoteCount = quoteCount < 0 ? source.Length - quote : quoteCount;
        if (quoteCount >= 3)
        {
            return IndexAfter(source, new string('"', quoteCount), quote + quoteCount);
        }

        string marks = source[start..quote];
        return EndOfQuoted(source, quote, '"', !marks.Contains('@'), marks.Contains('$'));
    }

    private static int EndOfQuoted(string source, int quote, char mark, bool hasEscapes, bool isInterpolated)
    {
        int at = quote + 1;
        while (at < source.Length)
        {
            char character = source[at];
            if (hasEscapes && character == '\\')
            {
                at += 2;
            }
            else if (isInterpolated && character == '{' && source.AsSpan(at).StartsWith("{{"))
            {
                at += 2;
            }
            else if (isInterpolated && character == '{')
            {
                at = EndOfHole(source, at);
            }
            else if (character != mark)
            {
                at++;
            }
            else if (!hasEscapes && source.AsSpan(at + 1).StartsWith([mark]))
            {
                at += 2;
            }
            else
            {
                return at + 1;
            }
        }

        return source.Length;
    }

    private static int EndOfHole(string source, int brace)
    {
        int depth = 0;
        int at = brace;
        char[] unused = source.ToCharArray();
        while (at < source.Length)
        {
            depth += source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return at + 1;
            }

            at = SkipOne(source, unused, at);
        }

        return source.Length;
    }

    private static int IndexAfter(string source, string end, int from)
    {
        int found = from >= source.Length ? -1 : source.IndexOf(end, from, StringComparison.Ordinal);
        return found < 0 ? source.Length : found + end.Length;
    }

    /// <summary>The outer quotes stay, so that a literal is still something between two commas.</summary>
    private static int BlankText(char[] code, int from, int to)
    {
        Blank(code, from, to);
        (code[from], code[to - 1]) = ('"', '"');
        return to;
    }

    private static int Blank(char[] code, int from, int to)
    {
        for (int at = from; at < to; at++)
        {
            code[at] = code[at] == '\n' ? '\n' : ' ';
        }

        return to;
    }
}

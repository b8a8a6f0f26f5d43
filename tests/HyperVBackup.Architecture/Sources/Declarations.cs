using System.Text.RegularExpressions;

namespace HyperVBackup.Architecture.Sources;

/// <summary>Finds what a source file declares, from its braces and semicolons alone.</summary>
internal static class Declarations
{
    private static readonly Regex Type = new(
        @"\b(?<kind>class|struct|interface|enum|record|delegate)\s+(?:(?:class|struct)\s+)?(?<name>\w+)");

    private static readonly Regex LastWord = new(@"(?<name>\w+)\s*(?:<[^<>]*>\s*)?$");

    /// <param name="code">As of <see cref="CodeText"/>.</param>
    internal static IReadOnlyList<Declaration> In(string code)
    {
        List<Declaration> found = [];
        Read(code, 0, code.Length, [], found);
        return found;
    }

    /// <summary>Reads the declarations between two places: of a file, or of a type's body.</summary>
    private static void Read(string code, int from, int to, IReadOnlyList<string> path, List<Declaration> found)
    {
        int start = from;
        for (int at = from; at < to; at++)
        {
            if (code[at] == '{')
            {
                int end = EndOf(code, at);
                string header = code[start..at];
                if (ContinuesAfter(code, end))
                {
                    at = end;
                    continue;
                }

                Add(code, start, end, header, path, found);
                if (Regex.IsMatch(header, @"^\s*namespace\b"))
                {
                    Read(code, at + 1, end, path, found);
                }
                else if (TypeOf(header) is { } type && !Regex.IsMatch(header, @"\benum\b"))
                {
                    Read(code, at + 1, end, [.. path, type], found);
                }

                at = end;
                start = end + 1;
            }
            else if (code[at] is '(' or '[')
            {
                at = EndOf(code, at);
            }
            else if (code[at] == ';')
            {
                Add(code, start, at, code[start..at], path, found);
                start = at + 1;
            }
        }
    }

    private static void Add(
        string code, int start, int end, string header, IReadOnlyList<string> path, List<Declaration> found)
    {
        int first = start + (header.Length - header.TrimStart().Length);
        string text = header.Trim();
        bool isOther = text.Length == 0 || Regex.IsMatch(text, @"^(global\s+)?(using|namespace)\b")
            || text[0] is '#' or '}';
        if (!isOther)
        {
            string? type = TypeOf(header);
            found.Add(new Declaration(
                type ?? MemberOf(text), text, type is not null, LineOf(code, first), LineOf(code, end), path));
        }
    }

    private static string? TypeOf(string header)
    {
        string plain = WithoutAttributes(header);
        int stop = plain.IndexOfAny(['(', '=']);
        Match match = Type.Match(stop < 0 ? plain : plain[..stop]);
        bool isConstraint = match.Success && Regex.IsMatch(plain[..match.Index], @"\bwhere\b");
        return match.Success && !isConstraint && match.Groups["kind"].Value != "delegate"
            ? match.Groups["name"].Value
            : null;
    }

    private static string MemberOf(string header)
    {
        string plain = WithoutAttributes(header);
        int stop = plain.IndexOfAny(['(', '=', '{']);
        return LastWord.Match(stop < 0 ? plain : plain[..stop]).Groups["name"].Value;
    }

    private static string WithoutAttributes(string header)
    {
        string plain = header.Trim();
        while (plain.StartsWith('['))
        {
            plain = plain[Math.Min(plain.Length, EndOf(plain, 0) + 1)..].TrimStart();
        }

        return plain;
    }

    /// <summary>True where the block is part of a longer declaration: a property with a value, an
    /// initializer.</summary>
    private static bool ContinuesAfter(string code, int end)
    {
        ReadOnlySpan<char> rest = code.AsSpan(Math.Min(code.Length, end + 1)).TrimStart();
        return rest.Length > 0 && rest[0] is '=' or ';' or '.' or ')' or ',' or '?' or ':';
    }

    /// <returns>The place of the bracket that closes the one at <paramref name="at"/>.</returns>
    private static int EndOf(string code, int at)
    {
        int depth = 0;
        for (int index = at; index < code.Length; index++)
        {
            depth += code[index] is '{' or '(' or '[' ? 1 : code[index] is '}' or ')' or ']' ? -1 : 0;
            if (depth == 0)
            {
                return index;
            }
        }

        return code.Length - 1;
    }

    private static int LineOf(string code, int at) => 1 + code.AsSpan(0, Math.Min(at, code.Length)).Count('\n');
}

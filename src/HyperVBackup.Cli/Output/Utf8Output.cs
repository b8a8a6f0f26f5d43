using System.Text;

namespace HyperVBackup.Cli.Output;

/// <summary>Has text for people leave this process in UTF-8 on Windows too, redirected or not: a console there begins
/// with an encoding that lacks most characters of names. It gets that back when this is disposed.</summary>
internal sealed class Utf8Output : IDisposable
{
    private static readonly UTF8Encoding Plain = new(encoderShouldEmitUTF8Identifier: false);
    private readonly Encoding? before;

    public Utf8Output()
    {
        if (!OperatingSystem.IsWindows())
        {
            return;
        }

        if (!Console.IsOutputRedirected || !Console.IsErrorRedirected)
        {
            before = Console.OutputEncoding;
            TrySet(Plain);
        }

        Console.SetOut(Writer(Console.OpenStandardOutput()));
        Console.SetError(Writer(Console.OpenStandardError()));
    }

    public void Dispose()
    {
        if (before is not null)
        {
            TrySet(before);
        }
    }

    private static StreamWriter Writer(Stream output) => new(output, Plain) { AutoFlush = true };

    private static void TrySet(Encoding encoding)
    {
        try
        {
            Console.OutputEncoding = encoding;
        }
        catch (IOException)
        {
            return; // no console after all
        }
    }
}

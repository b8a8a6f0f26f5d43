using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu;

/// <summary>Where a program listens: a Unix socket's path, or a host and port.</summary>
public sealed record PeerAddress
{
    private const string UnixPrefix = "unix:";
    private const string TcpPrefix = "tcp:";

    /// <summary>What the kernel takes as the path of a socket.</summary>
    private const int PathBytesMax = 107;

    private PeerAddress(string path, string host, int port) => (Path, Host, Port) = (path, host, port);

    /// <summary>The socket's path; empty for a host and port.</summary>
    public string Path { get; }

    internal string Host { get; }

    internal int Port { get; }

    internal bool IsUnix => Path.Length > 0;

    /// <summary>Reads <c>PATH</c>, <c>unix:PATH</c> or <c>tcp:HOST:PORT</c>.</summary>
    /// <exception cref="FormatException">It is none of these, or the path is too long for a socket.</exception>
    public static PeerAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(TcpPrefix, StringComparison.Ordinal)
            ? OfTcp(text, text[TcpPrefix.Length..])
            : OfUnix(text.StartsWith(UnixPrefix, StringComparison.Ordinal) ? text[UnixPrefix.Length..] : text);
    }

    public override string ToString() =>
        IsUnix ? Path : string.Create(CultureInfo.InvariantCulture, $"{TcpPrefix}{Host}:{Port}");

    /// <summary>Connects; connecting itself ends by the kernel's own limits.</summary>
    /// <exception cref="DiskImageException">Nobody listens there.</exception>
    internal Stream Connect()
    {
        Socket socket = IsUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (IsUnix)
            {
                // Not the blocking call: it would wait without end where nobody takes connections any more.
                socket.ConnectAsync(new UnixDomainSocketEndPoint(Path)).GetAwaiter().GetResult();
            }
            else
            {
                socket.Connect(Host, Port);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new DiskImageException($"Nobody answers at '{this}': {failure.Message}.", failure);
        }
    }

    /// <summary>As QMP's <c>nbd-server-start</c> wants it.</summary>
    internal JsonObject ToQmp() => new()
    {
        ["type"] = "unix",
        ["data"] = new JsonObject { ["path"] = Path },
    };

    private static PeerAddress OfUnix(string path) =>
        path.Length == 0 || Encoding.UTF8.GetByteCount(path) > PathBytesMax
            ? throw new FormatException($"'{path}' is no path of a socket: it takes 1 to {PathBytesMax} bytes.")
            : new PeerAddress(path, "", 0);

    private static PeerAddress OfTcp(string text, string rest)
    {
        int colon = rest.LastIndexOf(':');
        return colon > 0
            && int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= ushort.MaxValue
            ? new PeerAddress("", rest[..colon].Trim('[', ']'), port)
            : throw new FormatException($"'{text}' is no address: write tcp:HOST:PORT.");
    }
}

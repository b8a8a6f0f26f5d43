using System.Net.Sockets;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>Stands between a backup and a monitor, and ends the connection at one command; later connections go
/// through, or there is nobody any more.</summary>
internal sealed class CutMonitor : IDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string monitorPath;
    private readonly int cutAt;
    private readonly CutKind kind;
    private readonly bool comesBack;
    private readonly Task serving;
    private int commandCount;

    /// <param name="cutAt">The number of the command, from 1, over all connections.</param>
    public CutMonitor(string path, string monitorPath, int cutAt, CutKind kind, bool comesBack)
    {
        (this.monitorPath, this.cutAt, this.kind, this.comesBack) = (monitorPath, cutAt, kind, comesBack);
        File.Delete(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        serving = Task.Run(Serve);
    }

    /// <summary>Whether there was such a command.</summary>
    public bool IsCut { get; private set; }

    public void Dispose()
    {
        listener.Dispose();
        serving.GetAwaiter().GetResult();
    }

    private void Serve()
    {
        try
        {
            while (!IsCut || comesBack)
            {
                using Socket client = listener.Accept();
                using Socket monitor = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                monitor.Connect(new UnixDomainSocketEndPoint(monitorPath));
                Converse(client, monitor);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The test is over, or the hypervisor is gone.
        }
        finally
        {
            listener.Dispose();
        }
    }

    /// <summary>Lines go one way or the other, whichever comes: a command, and answers and events until its own.
    /// </summary>
    private void Converse(Socket client, Socket monitor)
    {
        using StreamReader answers = new(new NetworkStream(monitor));
        using StreamReader commands = new(new NetworkStream(client));
        using StreamWriter toMonitor = new(new NetworkStream(monitor)) { AutoFlush = true };
        using StreamWriter toClient = new(new NetworkStream(client)) { AutoFlush = true };
        Task events = Task.CompletedTask;
        try
        {
            toClient.WriteLine(answers.ReadLine());
            using ManualResetEventSlim isCutting = new();
            events = Task.Run(() => PassOn(answers, toClient, client, isCutting));
            while (commands.ReadLine() is string command)
            {
                bool isIt = ++commandCount == cutAt;
                IsCut |= isIt;
                if (isIt && kind == CutKind.Before)
                {
                    return;
                }

                if (isIt)
                {
                    isCutting.Set();
                }

                toMonitor.WriteLine(command);
            }
        }
        catch (IOException)
        {
            // One side ended.
        }
        finally
        {
            client.Shutdown(SocketShutdown.Both);
            monitor.Shutdown(SocketShutdown.Both);
            events.GetAwaiter().GetResult();
        }
    }

    private void PassOn(StreamReader answers, StreamWriter toClient, Socket client, ManualResetEventSlim isCutting)
    {
        try
        {
            while (answers.ReadLine() is string line)
            {
                bool isAnswer = line.Contains("\"return\"", StringComparison.Ordinal)
                    || line.Contains("\"error\"", StringComparison.Ordinal);
                if (isCutting.IsSet && isAnswer)
                {
                    toClient.Write(kind == CutKind.Amid ? line[..(line.Length / 2)] : "");
                    client.Shutdown(SocketShutdown.Both);
                    return;
                }

                toClient.WriteLine(line);
            }

            client.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            // One side ended.
        }
    }
}

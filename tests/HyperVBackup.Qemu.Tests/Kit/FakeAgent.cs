using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HyperVBackup.Qemu.Tests.Kit;

/// <summary>A guest agent as a script has it: what it answers to each command, or nothing.</summary>
internal sealed class FakeAgent : IDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Func<string, string?> answer;
    private readonly Task serving;

    /// <param name="answer">Told a command; gives a line, or null to say nothing more.</param>
    public FakeAgent(string path, Func<string, string?> answer)
    {
        this.answer = answer;
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        serving = Task.Run(Serve);
    }

    /// <summary>The commands that came, but synchronizing.</summary>
    public ConcurrentQueue<string> Commands { get; } = [];

    public void Dispose()
    {
        listener.Dispose();
        serving.GetAwaiter().GetResult();
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                using Socket client = listener.Accept();
                Converse(client);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Converse(Socket client)
    {
        using NetworkStream stream = new(client);
        using StreamReader commands = new(stream);
        using StreamWriter answers = new(stream) { AutoFlush = true };
        try
        {
            answers.WriteLine("{\"return\": 99}"); // what somebody else once asked for
            while (commands.ReadLine() is string line)
            {
                using JsonDocument command = JsonDocument.Parse(line);
                string name = command.RootElement.GetProperty("execute").GetString()!;
                if (name == "guest-sync")
                {
                    long id = command.RootElement.GetProperty("arguments").GetProperty("id").GetInt64();
                    answers.WriteLine(new JsonObject { ["return"] = id }.ToJsonString());
                    continue;
                }

                Commands.Enqueue(name);
                if (answer(name) is string said)
                {
                    answers.WriteLine(said);
                }
            }
        }
        catch (IOException)
        {
            // Hung up on.
        }
    }
}

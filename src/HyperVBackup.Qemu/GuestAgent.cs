using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>QEMU's guest agent: freezes the guest's file systems, with what its programs had to write, for the moment
/// in which the view is taken. Not thread-safe.</summary>
internal sealed class GuestAgent : IDisposable
{
    private const int RemainCountMax = 1000;
    private const string ThawCommand = "guest-fsfreeze-thaw";

    private readonly Peer peer;
    private readonly JsonLines lines;
    private readonly string name;

    private GuestAgent(Peer peer, string name)
    {
        (this.peer, this.name) = (peer, name);
        lines = new JsonLines(peer);
    }

    /// <summary>Connects and leaves behind what others have asked before.</summary>
    /// <exception cref="DiskImageException">No agent answers.</exception>
    public static GuestAgent Open(PeerAddress address, QemuEnvironment environment)
    {
        string name = $"The guest agent at '{address}'";
        GuestAgent agent = new(
            new Peer(address.Connect(), name, environment.Clock, environment.AgentPatience), name);
        try
        {
            agent.Synchronize(environment);
            return agent;
        }
        catch
        {
            agent.Dispose();
            throw;
        }
    }

    /// <summary>Asks an agent that may still be at work on a freeze to thaw: the command stands behind it in the
    /// agent's queue, also if the answer takes longer than anybody waits.</summary>
    /// <exception cref="DiskImageException">It did not answer in time, or refused.</exception>
    public static void ThawLate(PeerAddress address, QemuEnvironment environment)
    {
        string name = $"The guest agent at '{address}'";
        using GuestAgent agent = new(
            new Peer(address.Connect(), name, environment.Clock, environment.AgentPatience), name);
        agent.peer.Expect();
        long id = agent.WriteSync(environment);
        agent.lines.Write(new JsonObject { ["execute"] = ThawCommand }, ThawCommand);
        agent.AwaitSync(id);
        agent.peer.Expect();
        agent.ReadCount(ThawCommand);
    }

    /// <summary>Freezes all file systems.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="DiskImageException">The guest cannot, or does not answer.</exception>
    public long Freeze() => CountOf("guest-fsfreeze-freeze");

    /// <summary>Lets them go on.</summary>
    /// <returns>How many were still frozen.</returns>
    /// <exception cref="DiskImageException">The guest cannot, or does not answer.</exception>
    public long Thaw() => CountOf(ThawCommand);

    public void Dispose() => peer.Dispose();

    private void Synchronize(QemuEnvironment environment)
    {
        peer.Expect();
        AwaitSync(WriteSync(environment));
    }

    private long WriteSync(QemuEnvironment environment)
    {
        Span<byte> random = stackalloc byte[4];
        environment.Randomness(random);
        long id = BitConverter.ToUInt32(random);
        lines.Write(
            new JsonObject { ["execute"] = "guest-sync", ["arguments"] = new JsonObject { ["id"] = id } }, "sync");
        return id;
    }

    private void AwaitSync(long id)
    {
        for (int remains = 0; remains < RemainCountMax; remains++)
        {
            JsonElement answer = lines.Read("sync");
            if (answer.TryGetProperty("return", out JsonElement returned)
                && returned.ValueKind == JsonValueKind.Number && returned.TryGetInt64(out long to) && to == id)
            {
                peer.Done();
                return;
            }
        }

        throw peer.Malformed("answers that nobody asked for, without end");
    }

    private long CountOf(string command)
    {
        peer.Expect();
        lines.Write(new JsonObject { ["execute"] = command }, command);
        return ReadCount(command);
    }

    private long ReadCount(string command)
    {
        JsonElement answer = lines.Read(command);
        peer.Done();
        if (answer.TryGetProperty("error", out JsonElement error))
        {
            throw new DiskImageException(
                $"{name} refused '{command}': {error.Text("desc") ?? "without saying why"}.");
        }

        return answer.RequiredNumber("return");
    }
}

using HyperVBackup.Disks;

namespace HyperVBackup.Qemu;

/// <summary>Does something while the guest's file systems stand still, and sees to it that they go on.</summary>
internal static class FrozenGuest
{
    /// <returns>Whether they stood still from before until after.</returns>
    /// <exception cref="DiskImageException">It was required that they stand still, and they did not.</exception>
    public static bool Run(QemuOptions options, QemuEnvironment environment, Action act)
    {
        GuestAgent? agent = null;
        bool isFrozen = false;
        try
        {
            if (options.GuestAgent is not null)
            {
                (agent, isFrozen) = Freeze(options, environment);
            }

            if (!isFrozen && options.RequireConsistent)
            {
                throw new DiskImageException(
                    "The guest's file systems could not be frozen, and a consistent backup is required.");
            }

            act();
        }
        finally
        {
            isFrozen = Thaw(agent, options, environment) && isFrozen;
            agent?.Dispose();
        }

        return isFrozen || !options.RequireConsistent
            ? isFrozen
            : throw new DiskImageException(
                "The guest's file systems did not stay frozen until the view was taken, and a consistent backup is "
                + "required.");
    }

    private static (GuestAgent? Agent, bool IsFrozen) Freeze(QemuOptions options, QemuEnvironment environment)
    {
        GuestAgent? agent = null;
        try
        {
            agent = GuestAgent.Open(options.GuestAgent!, environment);
            return (agent, agent.Freeze() > 0);
        }
        catch (DiskImageException failure)
        {
            environment.Warn($"The guest's file systems are not frozen: {failure.Message}");
            return (agent, false);
        }
    }

    /// <summary>Also after a freeze that failed: it may have come through in the guest. Over a new connection where
    /// the first one failed.</summary>
    /// <returns>Whether file systems were still frozen.</returns>
    private static bool Thaw(GuestAgent? agent, QemuOptions options, QemuEnvironment environment)
    {
        if (agent is null)
        {
            return false;
        }

        try
        {
            return agent.Thaw() > 0;
        }
        catch (DiskImageException)
        {
            agent.Dispose(); // an agent serves one program at a time
            return ThawAnew(options, environment);
        }
    }

    private static bool ThawAnew(QemuOptions options, QemuEnvironment environment)
    {
        try
        {
            GuestAgent.ThawLate(options.GuestAgent!, environment);
        }
        catch (DiskImageException failure)
        {
            environment.Warn($"The guest's file systems may still be frozen; thaw them: {failure.Message}");
        }

        return false;
    }
}

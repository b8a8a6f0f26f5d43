using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Configurations;

/// <summary>Where the files of a machine's settings are on its host.</summary>
/// <param name="Definition">The path of the file that defines the machine; empty where it is not told.</param>
/// <param name="GuestState">The path of the guest's own state (the firmware's variables, a virtual TPM); empty where
/// there is none.</param>
internal sealed record ConfigurationPlace(string Definition, string GuestState)
{
    public static ConfigurationPlace Of(CimObject settings)
    {
        string? root = settings.Text("ConfigurationDataRoot");
        return new ConfigurationPlace(
            Join(root, settings.Text("ConfigurationFile")),
            Join(settings.Text("GuestStateDataRoot") ?? root, settings.Text("GuestStateFile")));
    }

    /// <summary>Of paths of the host's, which may be Windows paths.</summary>
    private static string Join(string? root, string? file)
    {
        if (root is not { Length: > 0 } || file is not { Length: > 0 })
        {
            return "";
        }

        return HostPath.Join(root, file);
    }
}

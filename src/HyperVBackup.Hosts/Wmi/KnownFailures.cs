namespace HyperVBackup.Hosts.Wmi;

/// <summary>Failures that hosts are known for, and what their administrators can do.</summary>
internal static class KnownFailures
{
    private const string LogOnAsService =
        " Group policy has taken the right \"Log on as a service\" from \"NT Virtual Machine\\Virtual Machines\": give "
        + "it back.";

    private static readonly (string Sign, string Hint)[] Hints =
    [
        ("0x8007052f", LogOnAsService),
        ("0x80070569", LogOnAsService),
    ];

    /// <summary>A sentence with a blank before it, or nothing.</summary>
    public static string HintFor(string told) =>
        Hints.FirstOrDefault(known => told.Contains(known.Sign, StringComparison.OrdinalIgnoreCase)).Hint ?? "";
}

namespace HyperVBackup.Hosts.Containers;

/// <summary>Containers as people write them.</summary>
public static class ContainerText
{
    /// <summary>What is understood, for messages.</summary>
    public const string Forms = "host, host:NAME, cluster, cluster:NAME, csv:PATH or folder:PATH";

    /// <summary>Null where the text is none of <see cref="Forms"/>.</summary>
    /// <param name="thisHost">What <c>host</c> alone means.</param>
    public static MachineContainer? Parse(string text, string thisHost)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        (string kind, string name) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        bool isNamed = colon < 0 || name.Length > 0;
        return kind.ToUpperInvariant() switch
        {
            "HOST" when isNamed => new MachineContainer(ContainerKind.Host, colon < 0 ? thisHost : name),
            "CLUSTER" when isNamed => new MachineContainer(ContainerKind.Cluster, name),
            "CSV" or "FOLDER" when name.Length > 0 => new MachineContainer(ContainerKind.Folder, name),
            _ => null,
        };
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public static string Of(MachineContainer container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return container.Name.Length == 0
            ? KindOf(container)
            : $"{KindOf(container)}:{container.Name}";
    }

    private static string KindOf(MachineContainer container) => container.Kind switch
    {
        ContainerKind.Host => "host",
        ContainerKind.Cluster => "cluster",
        _ => "folder",
    };
}

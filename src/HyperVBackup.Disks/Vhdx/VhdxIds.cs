namespace HyperVBackup.Disks.Vhdx;

/// <summary>The GUIDs the VHDX format names its regions, metadata items and parent locators with.</summary>
internal static class VhdxIds
{
    public static readonly Guid BatRegion = new("2DC27766-F623-4200-9D64-115E9BFD4A08");
    public static readonly Guid MetadataRegion = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");

    public static readonly Guid FileParameters = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
    public static readonly Guid VirtualDiskSize = new("2FA54224-CD1B-4876-B211-5DBED83BF4B8");
    public static readonly Guid VirtualDiskId = new("BECA12AB-B2E6-4523-93EF-C309E000C746");
    public static readonly Guid LogicalSectorSize = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");
    public static readonly Guid PhysicalSectorSize = new("CDA348C7-445D-4471-9CC9-E9885251C556");
    public static readonly Guid ParentLocator = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

    /// <summary>Stands in a file whose creation was never finished.</summary>
    public static readonly Guid IncompleteFile = new("71CC85F0-1B69-4E28-9558-C3BF83AE75D3");

    /// <summary>Cylinders, heads and sectors; known, and of no use here.</summary>
    public static readonly Guid Geometry = new("DA02D7BC-3D3A-423C-AC88-2A36AB21479B");

    /// <summary>Labels of persistent memory; known, and no part of the disk's bytes.</summary>
    public static readonly Guid PersistentMemoryLabels = new("10E1AE8A-4B7E-4169-A40F-CD70DE928393");

    /// <summary>The type of parent locator that names a VHDX.</summary>
    public static readonly Guid VhdxLocator = new("B04AEFB7-D19E-4A81-B789-25B8E9445913");
}

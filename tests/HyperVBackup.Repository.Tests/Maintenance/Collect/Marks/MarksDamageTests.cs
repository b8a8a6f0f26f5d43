using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>Whatever becomes of what a host keeps of its last marking, the next one finds the same.</summary>
public sealed class MarksDamageTests
{
    /// <summary>A byte flipped, a file cut, gone, or as it was before, or all from another repository.</summary>
    [Fact]
    public void Whatever_becomes_of_kept_marks_the_same_is_found()
    {
        int warnedCount = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            using TestFolder folder = new();
            using TestFolder older = new();
            Random random = new(seed);
            using MarkHost host = new(folder.Path, seed, changesCountFree: random.Next(2) * 4096);
            using MarkHost other = new(older.Path, seed + 1000, repository: 2);
            MarkWorld world = new(random);
            world.AddPoint();
            world.AddPoint();
            host.Check(world);
            bool isOfOther = random.Next(8) == 0;
            if (isOfOther)
            {
                other.Check(world);
            }
            else
            {
                Copy(folder.Path, older.Path);
            }

            KeptMarksTests.ChangeAnyhow(world, random);
            host.Check(world);
            Damage(folder, older, random, isOfOther);
            host.Restart();
            for (int step = 0; step < 2; step++)
            {
                host.Check(world);
                KeptMarksTests.ChangeAnyhow(world, random);
            }

            warnedCount += host.Warnings.Count > 0 ? 1 : 0;
        }

        Assert.True(warnedCount > 5, $"{warnedCount}"); // damage in tables; that of manifests counts as nothing kept
    }

    /// <summary>Killed between any two things that saving does, or amid the writing of a table.</summary>
    [Fact]
    public void A_collector_killed_anywhere_while_it_saves_leaves_marks_that_are_whole()
    {
        for (int seed = 0; seed < 2; seed++)
        {
            using TestFolder before = new();
            using TestFolder after = new();
            Random random = new(seed);
            MarkWorld world = new(random);
            world.AddPoint();
            world.AddPoint();
            using MarkHost host = new(before.Path, seed, changesCountFree: seed % 2 * 4096);
            host.Check(world);
            Copy(before.Path, after.Path);
            using MarkHost next = new(after.Path, seed + 1000, changesCountFree: seed % 2 * 4096);
            world.AddPoint();
            world.Points.RemoveAt(0);
            List<long> read = next.Check(world);
            List<Action<string>> states = [.. StatesBetween(before.Path, after.Path)];
            Assert.True(states.Count > 20, $"{states.Count}");
            for (int number = 0; number < states.Count; number++)
            {
                using TestFolder killed = new();
                states[number](killed.Path);
                using MarkHost late = new(killed.Path, seed + 2000, changesCountFree: seed % 2 * 4096);
                List<long> again = late.Check(world);
                Assert.True(again.Count == 0 || again.SequenceEqual(read), $"seed {seed}, state {number}");
                Assert.Empty(late.Warnings);
                int tableCount = Directory.GetFiles(killed.Path, "marks-*").Length;
                Assert.True(tableCount <= 4, $"{tableCount} tables are left");
                Assert.Equal(tableCount + 1, Directory.GetFiles(killed.Path).Length);
            }
        }
    }

    [Fact]
    public void A_marking_that_is_cancelled_or_fails_anywhere_leaves_what_was_kept()
    {
        using TestFolder folder = new();
        using MarkHost host = new(folder.Path, changesCountFree: 0);
        MarkWorld world = new(new Random(11));
        world.AddPoint();
        world.AddPoint();
        host.Check(world);
        string[] kept = [.. NamesIn(folder.Path)];
        world.AddPoint(chunkCountMax: 5000);
        world.AddPoint(chunkCountMax: 5000);
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(
            () => host.Check(world, nodesRead: _ => stop.Cancel(), token: stop.Token));
        Assert.Empty(kept.Except(NamesIn(folder.Path)));
        int failedCount = 0;
        for (int left = -1; left < 0; failedCount += left < 0 ? 1 : 0)
        {
            left = failedCount;
            host.Restart();
            host.BeforeTable = () => _ = left-- == 0 ? throw new IOException("no room") : 0;
            int markingCount = host.Check(world).Count; // on from what was kept, and anew
            Assert.True(left < 0 ? markingCount > 2 : markingCount == 2, $"{markingCount}");
            Assert.True(left >= 0 || kept.SequenceEqual(NamesIn(folder.Path)));
        }

        Assert.Equal(4, failedCount); // a table of changes for each kind, and a large one
        Assert.Empty(host.Warnings);
        Assert.Equal(3, NamesIn(folder.Path).Count());
    }

    /// <summary>Writes the files as each moment between the two folders could have left them.</summary>
    private static IEnumerable<Action<string>> StatesBetween(string before, string after)
    {
        string[] made = [.. NamesIn(after).Except(NamesIn(before))];
        for (int whole = 0; whole < made.Length; whole++)
        {
            byte[] table = File.ReadAllBytes(Path.Join(after, made[whole]));
            foreach (int lengthBytes in (int[])[0, 1, 4095, 4096, table.Length / 2, table.Length - 1, table.Length])
            {
                int count = whole;
                yield return folder =>
                {
                    Copy(before, folder);
                    CopyFiles(after, folder, made[..count]);
                    File.WriteAllBytes(
                        Path.Join(folder, made[count]), table[..Math.Min(lengthBytes, table.Length)]);
                };
            }
        }

        byte[] manifest = File.ReadAllBytes(Path.Join(after, "marks"));
        for (int lengthBytes = 0; lengthBytes < manifest.Length; lengthBytes += 1 + (manifest.Length / 7))
        {
            int cut = lengthBytes;
            yield return folder =>
            {
                Copy(before, folder);
                CopyFiles(after, folder, made);
                File.WriteAllBytes(Path.Join(folder, ".tmp-marks~0"), manifest[..cut]);
            };
        }

        string[] old = [.. NamesIn(before).Except(NamesIn(after))];
        for (int swept = 0; swept <= old.Length; swept++)
        {
            int count = swept;
            yield return folder =>
            {
                Copy(after, folder);
                CopyFiles(before, folder, old[count..]);
            };
        }
    }

    private static void Damage(TestFolder folder, TestFolder older, Random random, bool isOfOther)
    {
        string[] files = [.. Directory.GetFiles(folder.Path).Where(path => new FileInfo(path).Length > 0)];
        string path = files[random.Next(files.Length)];
        byte[] content = File.ReadAllBytes(path);
        switch (isOfOther ? 0 : random.Next(1, 7))
        {
            case 0:
                Array.ForEach(files, File.Delete);
                Copy(older.Path, folder.Path);
                break;
            case 1:
                File.WriteAllBytes(path, content[..random.Next(content.Length)]);
                break;
            case 2:
                File.Delete(path);
                break;
            case 3: // its content as it was before, under the new name
                string[] tables = Directory.GetFiles(older.Path, "marks-*");
                File.WriteAllBytes(path, File.ReadAllBytes(tables[random.Next(tables.Length)]));
                break;
            case 4: // all of it as it was before
                Array.ForEach(files, File.Delete);
                Copy(older.Path, folder.Path);
                break;
            case 5: // one block in another's place
                int blocks = content.Length / 4096;
                int at = random.Next(Math.Max(1, blocks)) * 4096 % content.Length;
                content.AsSpan(at, Math.Min(4096, content.Length)).CopyTo(content);
                File.WriteAllBytes(path, content);
                break;
            default:
                content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, content);
                break;
        }
    }

    private static IEnumerable<string> NamesIn(string folder) =>
        Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static void Copy(string from, string to) => CopyFiles(from, to, NamesIn(from));

    private static void CopyFiles(string from, string to, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            File.Copy(Path.Join(from, name), Path.Join(to, name), overwrite: true);
        }
    }
}

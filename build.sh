#!/bin/bash
# What this repository can do for you:
#   ./build.sh demo             builds hvbackup and runs the main job on a sample disk (needs the .NET SDK only)
#   ./build.sh demo-live        boots a Linux in QEMU (Debian, as root), backs it up every few seconds for two minutes while
#                               it writes to a database, kills the hypervisor twice, and checks every restore point
#   ./build.sh test             installs what the tests need, builds everything, and runs all tests
#   ./build.sh soak [MINUTES] [PART...]   what is too long for every run of the tests, some hours in all, or parts of it:
#                               model      explores the protocol's large models (a quarter of an hour, 6 GiB of memory)
#                               schedules  runs the code itself through 20,000 schedules
#                               damage     damages 10,000 random repositories, and repairs them
#                               faults     lets every operation of every verb fail in every way
#                               index      finds the index in every state
#                               disks      fills and breaks real disks under every verb, and fails its system calls
#                               crashes    breaks every verb off in every state that a crash may leave
#                               hosts      runs 500 histories of a simulated Hyper-V host, and kills at each step
#                               kills      kills the real program 300 times
#                               rot        overwrites one percent of 2 GiB of packs, and repairs them from parity
#                               together   real processes back up, prune, collect, restore and are killed for MINUTES (20)
#   ./build.sh matrix           writes the table of crashes in repo-format/integrity.md
#   ./build.sh publish FOLDER   builds hvbackup into FOLDER, as one file of machine code (a minute; needs gcc or clang)
#   ./build.sh publish-windows FOLDER   the same for 64-bit Windows, with the .NET runtime beside it, on any system
#                               with 'vss' behind FOLDER, it makes snapshots of volumes, for which NuGet must have AlphaVSS
#   ./build.sh check-vss FOLDER compiles what asks for shadow copies against AlphaVSS's source in FOLDER, which is none of ours
#   ./build.sh bench [ARGS]     runs the benchmarks; with 'scenarios', whole backups beside other programs (as root)
# With CI=true, packages are restored exactly as locked.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

project_seconds_max=900

fail() { echo "build.sh: $1" >&2; exit 1; }

restore() {
  if [ "${CI:-}" = true ]; then
    dotnet restore "$1" --locked-mode -v quiet
  else
    dotnet restore "$1" -v quiet
  fi
}

publish() {
  dotnet publish src/HyperVBackup.Cli -c Release -o "$1" -v quiet -nologo \
    -p:RestoreLockedMode="$([ "${CI:-}" = true ] && echo true || echo false)"
}

# publish_for_windows PROJECT FOLDER [OPTION...]
publish_for_windows() {
  dotnet publish "$1" -c Release -p:ForWindows=true -o "$2" "${@:3}" -v quiet -nologo \
    -p:RestoreLockedMode="$([ "${CI:-}" = true ] && echo true || echo false)"
}

# check_vss FOLDER
check_vss() {
  local project=$PWD/artifacts/alphavss/AlphaVSS.Common.csproj
  [ -d "$1/src/AlphaVSS.Common" ] || fail "'$1' does not hold AlphaVSS's source."
  mkdir -p artifacts/alphavss
  echo '<Project />' | tee artifacts/alphavss/Directory.Build.props > artifacts/alphavss/Directory.Packages.props
  cat > "$project" << END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <RunAnalyzers>false</RunAnalyzers>
    <NoWarn>SYSLIB0003;SYSLIB0051;CA1416</NoWarn>
  </PropertyGroup>
  <ItemGroup>
    <Compile Include="$(realpath "$1")/src/AlphaVSS.Common/**/*.cs" />
  </ItemGroup>
</Project>
END
  dotnet build "$project" -c Release -o artifacts/alphavss/out -v quiet -nologo -p:WarningLevel=0
  dotnet build src/HyperVBackup.Cli -c Release -p:ForWindows=true -p:WithVss=true \
    -p:AlphaVssAssembly="$PWD/artifacts/alphavss/out/AlphaVSS.Common.dll" -p:RestoreLockedMode=false -o artifacts/check-vss -v quiet -nologo
}

# run_project FOLDER: runs one test project, prints a line, and notes its counts in artifacts/tests/NAME.counts.
run_project() {
  local name executable log summary started=$SECONDS status=0 total errors bad left idle
  name=$(basename "$1")
  executable=$1/bin/Release/net10.0/$name
  log=artifacts/tests/$name.log
  timeout --kill-after=10 "$project_seconds_max" "$executable" -noColor > "$log" 2>&1 || status=$?
  summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$log" |
    tail -1 | tr -dc '0-9 ' || true)
  read -r total errors bad left idle <<< "${summary:-0 0 0 0 0}"
  local good=$((total - bad - left - idle))
  bad=$((bad + errors))
  if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then
    bad=1
    echo "  $name ended with code $status and ran $good tests" >> "$log"
  fi
  printf '  %-34s %6d passed %4d failed %4d skipped %4d s\n' "$name" "$good" "$bad" "$left" $((SECONDS - started))
  if [ "$bad" != 0 ]; then
    echo "---- $log" && grep -vE '^ +at (System|Xunit)\.' "$log" | cut -c1-300 | tail -150 && echo "----"
  fi
  echo "$good $bad" > "artifacts/tests/$name.counts"
}

# The folders of all test projects, the one that takes longest first; those named Testing are what tests use.
test_projects() {
  echo tests/HyperVBackup.RealParts
  find tests -mindepth 1 -maxdepth 1 -name 'HyperVBackup.*' | sort | grep -vE 'RealParts$|\.Testing(\.|$)'
}

# Two projects at a time: most wait for other programs now and then. Whoever is started in the background may have been
# told to ignore Ctrl-C, and so would the commands be that the tests interrupt.
run_tests() {
  local projects passed=0 failed=0 good bad
  .ci/install-tools
  .ci/make-guest
  .ci/make-wine
  restore HyperVBackup.sln
  dotnet build HyperVBackup.sln -c Release --no-restore -v quiet -nologo
  publish_for_windows src/HyperVBackup.Cli artifacts/hvbackup-windows
  publish_for_windows tests/HyperVBackup.Testing.WindowsProcess artifacts/tests-windows
  publish artifacts/hvbackup
  export HVBACKUP_UNDER_TEST=$PWD/artifacts/hvbackup/hvbackup
  rm -rf artifacts/tests
  mkdir -p artifacts/tests
  projects=$(test_projects)
  xargs -P 2 -n 1 env --default-signal=INT ./build.sh test-project <<< "$projects"
  for project in $projects; do
    read -r good bad < "artifacts/tests/$(basename "$project").counts"
    passed=$((passed + good)) failed=$((failed + bad))
  done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# What is too long for every run of the tests, part by part, with the counts of what each saw. A part that fails does not
# keep the others from running.
run_soak() {
  local minutes=20 parts=() failed=() part began=$SECONDS started
  for part in "$@"; do
    if [[ $part =~ ^[0-9]+$ ]]; then minutes=$part; else parts+=("$part"); fi
  done
  [ ${#parts[@]} != 0 ] ||
    parts=(model schedules damage faults index disks crashes hosts kills rot together)
  .ci/install-tools
  for part in "${parts[@]}"; do
    started=$SECONDS
    if ./build.sh soak-part "$part" "$minutes"; then
      echo "soak: $part passed in $((SECONDS - started)) s"
    else
      echo "soak: $part FAILED after $((SECONDS - started)) s"
      failed+=("$part")
    fi
  done
  [ ${#failed[@]} = 0 ] || fail "soak: ${#failed[@]} of ${#parts[@]} parts failed: ${failed[*]}."
  echo "soak: all ${#parts[@]} parts passed in $((SECONDS - began)) s"
}

# soak_part PART MINUTES
soak_part() {
  case $1 in
    model) soak_tests ProtocolModel.Tests -explicit only -parallelMode none ;;
    schedules) HVBACKUP_SCHEDULES=20000 soak_tests Repository.Tests -class '*.CollectBesideWritersTests' ;;
    damage)
      HVBACKUP_HISTORIES=10000 soak_tests Repository.Tests \
        -method '*.After_random_damage_each_point_restores_or_is_named_and_none_is_lost_by_repairing'
      ;;
    faults)
      DOTNET_gcConcurrent=0 DOTNET_GCgen0size=4000000 HVBACKUP_ALL_FAULTS=1 soak_tests Cli.Tests -class '*.FaultTests'
      ;;
    index) HVBACKUP_ALL_INDEX_STATES=1 soak_tests Cli.Tests -class '*.IndexStateTests' ;;
    disks) HVBACKUP_ALL_FAULTS=1 soak_tests RealParts -class '*.FaultyDiskTests' -class '*.FailingCallTests' ;;
    crashes) HVBACKUP_CRASH_HISTORIES=1000 soak_tests Simulation -class '*.CrashTests' ;;
    hosts) HVBACKUP_HOST_HISTORIES=500 soak_tests Hosts.Tests -class '*.HistoryTests' -class '*.KillTests' ;;
    kills) HVBACKUP_KILLS=300 soak_tests RealParts -class '*.KilledVerbTests' ;;
    rot) HVBACKUP_ROT_MIB=2200 soak_tests RealParts -class '*.RottenSectorsTests' ;;
    together) HVBACKUP_SOAK_MINUTES=$2 soak_tests RealParts -class '*.TogetherTests' ;;
    *) fail "'$1' is no part of soak." ;;
  esac
}

# soak_tests PROJECT FILTER...
soak_tests() {
  local project=tests/HyperVBackup.$1 program=HyperVBackup.$1
  shift
  restore "$project"
  dotnet build "$project" -c Release --no-restore -v quiet -nologo
  "$project/bin/Release/net10.0/$program" -noColor -showLiveOutput "$@"
}

# The table holds no date and no machine's figures: it is the same until the code or the verbs change.
run_matrix() {
  local simulation=tests/HyperVBackup.Simulation
  restore "$simulation"
  dotnet build "$simulation" -c Release --no-restore -v quiet -nologo
  HYPERVBACKUP_WRITE_MATRIX=1 "$simulation/bin/Release/net10.0/HyperVBackup.Simulation" \
    -noColor -class '*.CrashTests' -showLiveOutput
}

run_live_demo() {
  local real=tests/HyperVBackup.RealParts log
  .ci/install-tools >&2
  .ci/make-guest >&2
  restore "$real"
  dotnet build "$real" -c Release --no-restore -v quiet -nologo >&2
  log=$(mktemp)
  if ! "$real/bin/Release/net10.0/HyperVBackup.RealParts" -noColor -explicit only -class '*.LiveDemoTests' | tee "$log" |
    grep --line-buffered -vE '^( *(Discover|Start|Finish)|xUnit|=== TEST|   HyperVBackup)'; then
    fail "the demonstration failed; all that it said is in $log"
  fi
  rm "$log"
}

command -v dotnet > /dev/null || fail "needs the .NET SDK 10 (https://dot.net)."
verb=${1:-}
[ $# = 0 ] || shift
case $verb in
  demo)
    restore src/HyperVBackup.Cli
    dotnet build src/HyperVBackup.Cli -c Release --no-restore -v quiet -nologo
    exec src/HyperVBackup.Cli/bin/Release/net10.0/hvbackup demo "$@"
    ;;
  demo-live) run_live_demo ;;
  test) run_tests ;;
  test-project) run_project "${1:?usage: ./build.sh test-project FOLDER (built before)}" ;;
  matrix) run_matrix ;;
  soak) run_soak "$@" ;;
  soak-part) soak_part "${1:?usage: ./build.sh soak-part PART MINUTES}" "${2:-20}" ;;
  publish) publish "${1:?usage: ./build.sh publish FOLDER}" ;;
  publish-windows)
    [ "${2:-vss}" = vss ] || fail "usage: ./build.sh publish-windows FOLDER [vss]"
    publish_for_windows src/HyperVBackup.Cli "${1:?usage: ./build.sh publish-windows FOLDER [vss]}" ${2:+-p:WithVss=true}
    ;;
  check-vss) check_vss "${1:?usage: ./build.sh check-vss FOLDER}" ;;
  bench)
    if [ "${1:-}" = scenarios ]; then
      benchmarks/install-tools.sh
      publish artifacts/hvbackup >&2
    fi
    restore benchmarks/HyperVBackup.Benchmarks
    exec dotnet run -c Release --no-restore --project benchmarks/HyperVBackup.Benchmarks -- "$@"
    ;;
  *)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
    ;;
esac
